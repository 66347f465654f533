"""What a person sets once, in napari's preferences under Glomerulosclerosis."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.settings import get_plugin_settings
from qtpy.QtWidgets import QWidget

from napari_ggs.store import default_study

PLUGIN = "napari-ggs"


def reviewer() -> str:
    """The name under which edits are kept; the computer's user if none is set."""
    return _review().reviewer.strip() or getpass.getuser()


def set_reviewer(name: str) -> None:
    """Keep another name from now on."""
    _review().reviewer = name.strip()


def is_blind(who: str) -> bool:
    """Whether a reader reads blind to the model."""
    return who in _blind()


def set_blind(who: str, blind: bool) -> None:
    """Let a reader read blind to the model from now on, or seeing what it says."""
    others = [name for name in _blind() if name != who]
    _review().blind = "; ".join(sorted([*others, who] if blind else others))


def study_file() -> Path:
    """The file that keeps runs and edits; one in the user's data folder if none is set."""
    chosen = _review().study.strip()
    return Path(chosen).expanduser() if chosen else default_study()


def set_study_file(path: Path) -> None:
    """Keep another study from now on."""
    _review().study = str(path)


def threshold() -> float:
    """The share of globally sclerotic glomeruli that matters for a decision, 0 to 1."""
    return float(_review().threshold) / 100


def set_threshold(share: float) -> None:
    """Ask about another share from now on."""
    _review().threshold = 100 * share


def count_cut() -> bool:
    """Whether glomeruli cut by the edge of the tissue count."""
    return bool(_review().count_cut)


def set_count_cut(count: bool) -> None:
    """Let them count, or not, from now on."""
    _review().count_cut = count


def first_steps() -> bool:
    """Whether the Detect & Classify dock shows what to do first."""
    return bool(_hints().first_steps)


def set_first_steps(show: bool) -> None:
    """Show it from now on, or hide it for good."""
    _hints().first_steps = show


def follow_first_steps(widget: QWidget, slot: Callable[[bool], None]) -> None:
    """Call `slot` with whether it is shown whenever that changes, until the widget is gone."""

    def changed() -> None:
        slot(first_steps())

    event = _hints().events.first_steps
    event.connect(changed)
    widget.destroyed.connect(lambda: event.disconnect(changed))


def _blind() -> list[str]:
    return [name for name in map(str.strip, _review().blind.split(";")) if name]


def _review() -> Any:
    return get_plugin_settings(PLUGIN).review


def _hints() -> Any:
    return get_plugin_settings(PLUGIN).hints
