"""The user's list of decisions about models: verdicts of comparisons, and what was taken into use.

It is a file of JSON, a line for each, in the folder `home`; lines are only added.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import platformdirs

from napari_ggs.files import make_folder, replacing
from napari_ggs.models.card import ModelError, Task

HOME = "NAPARI_GGS_MODELS"
"""The environment variable that names another folder for choices and chosen models."""

Why = Literal["better", "override", "back"]


@dataclass(frozen=True)
class Choice:
    """A model that somebody took into use.

    Attributes
    ----------
    task : {"detection", "classification"}
    name, sha256 : str
        Of its card.
    path : str
        Its file; of an embedded model its name.
    why : {"better", "override", "back"}
        By the verdict of a comparison with the one in use; without, for a reason; going back.
    reason : str
        Of an override.
    who : str
    at : str
        UTC, ISO 8601; "" of the one that comes with napari-ggs and was in use before any choice.
    """

    task: Task
    name: str
    sha256: str
    path: str
    why: Why
    reason: str = ""
    who: str = ""
    at: str = ""

    @property
    def told(self) -> str:
        """How it came into use, in words."""
        if not self.at:
            return "comes with napari-ggs"
        how = {"better": "found better", "override": f"because: {self.reason}", "back": "gone back"}
        return f"{self.at}  {self.who}  {how[self.why]}"


def home() -> Path:
    """The folder of choices and chosen models."""
    named = os.environ.get(HOME)
    return Path(named) if named else platformdirs.user_data_path("napari-ggs") / "models"


def choices(task: Task) -> list[Choice]:
    """What was taken into use for a task, in order.

    Raises
    ------
    ModelError
        If the list cannot be read.
    """
    try:
        each = [Choice(**about) for about in _told("choice")]
    except TypeError as fault:
        raise _unreadable(fault) from fault
    return [choice for choice in each if choice.task == task]


def add_choice(choice: Choice) -> Choice:
    """Write down a choice; returned as it is."""
    _append("choice", asdict(choice))
    return choice


def verdicts(old: str, new: str) -> list[str]:
    """What comparisons said of a new model beside an old one (SHA-256s), the latest last."""
    return [
        about["verdict"] for about in _told("verdict") if (about["old"], about["new"]) == (old, new)
    ]


def add_verdict(old: str, new: str, **about: Any) -> None:
    """Write down what a comparison said; ``verdict`` and more, in what JSON can hold."""
    _append("verdict", {"old": old, "new": new, "at": now(), **about})


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _list() -> Path:
    return home() / "decisions.jsonl"


def _append(kind: str, about: dict[str, Any]) -> None:
    before = _list().read_text(encoding="utf-8") if _list().exists() else ""
    make_folder(home())
    with replacing(_list()) as file:
        file.write_text(f"{before}{json.dumps({kind: about})}\n", encoding="utf-8")


def _told(kind: str) -> list[dict[str, Any]]:
    if not _list().exists():
        return []
    try:
        lines = map(json.loads, _list().read_text(encoding="utf-8").splitlines())
        return [line[kind] for line in lines if kind in line]
    except (OSError, ValueError, TypeError) as fault:
        raise _unreadable(fault) from fault


def _unreadable(fault: Exception) -> ModelError:
    return ModelError(
        f"The list of models in use cannot be read ({_list()}: {fault}): remove it to take those "
        "that come with napari-ggs, or put a copy back."
    )
