"""Finding models: by name or path, in a folder, as members of a composite. Reads cards only."""

import json
from pathlib import Path
from typing import NamedTuple

from napari_ggs.models.card import ModelCard, ModelError, Task, card_path, read_card
from napari_ggs.models.embedded import WEIGHTS, available
from napari_ggs.models.parts import Kind, Member, digest


class Found(NamedTuple):
    """A model's file (.safetensors; .json of a composite, which is a card alone) and its card."""

    path: Path
    card: ModelCard


def find(name_or_path: str | Path, task: Task | None = None) -> Found:
    """Find a model by the name of an embedded one, or by its .safetensors or .json file.

    Raises
    ------
    ModelError
        If there is no such model, its card cannot be read, or it is for another task.
    """
    file = _card_of(name_or_path)
    card = read_card(file)
    if task not in (None, card.task):
        raise ModelError(
            f"The model {card.name} is for {card.task}, not for {task}. {_choice(task)}"
        )
    return Found(file if card.composite else file.with_suffix(".safetensors"), card)


def _card_of(name_or_path: str | Path) -> Path:
    given = Path(name_or_path)
    if given.suffix in (".safetensors", ".json"):
        if given.is_file():
            return card_path(given)
        raise ModelError(f"There is no model file {given}. {_choice()}")
    embedded = WEIGHTS / f"{name_or_path}.json"
    if given.name != str(name_or_path) or not embedded.is_file():
        raise ModelError(f"There is no model {str(name_or_path)!r}. {_choice()}")
    return embedded


def _choice(task: Task | None = None) -> str:
    names = [card.name for card in available() if task in (None, card.task)]
    there = f"Models that come with napari-ggs: {', '.join(names) or 'none'}"
    return f"{there}; or give the path of a .safetensors file, or of a composite's .json file."


def models_in(folder: Path) -> list[Path]:
    """The cards (.json) in a folder; other .json files are passed over.

    Raises
    ------
    ModelError
        If it is no folder.
    """
    if not folder.is_dir():
        raise ModelError(f"There is no folder {folder}: give one that holds models.")
    return [file for file in sorted(folder.glob("*.json")) if _is_card(file)]


def _is_card(file: Path) -> bool:
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return file.with_suffix(".safetensors").exists()
    return isinstance(content, dict) and "format_version" in content


def members_of(composite: Found) -> list[Found]:
    """The members of a composite, checked against its list.

    Raises
    ------
    ModelError
        If a member is missing, or is not the one that the composite was made of.
    """
    path, card = composite
    if digest(card.architecture.kind, card.members) != card.sha256:
        raise ModelError(f"The members that {path} lists were changed by hand. Get it again.")
    return [_checked(composite, place, member) for place, member in enumerate(card.members)]


def _checked(composite: Found, place: int, member: Member) -> Found:
    path, card = composite
    file = path.parent / member.file
    if not file.is_file():
        raise ModelError(
            f"{path} is made of several models, and {member.file} is not beside it. Copy it there, "
            "with its card."
        )
    found = find(file, card.task)
    decides = deciding(card.architecture.kind, place, found.card)
    if (found.card.sha256, decides) != (member.sha256, member.classes):
        raise ModelError(
            f"{file} is not the model that {path.name} was made of (SHA-256 "
            f"{found.card.sha256[:12]}..., expected {member.sha256[:12]}...). Get it again, or "
            f"make {path.name} anew."
        )
    return found


def deciding(kind: Kind, place: int, member: ModelCard) -> tuple[str, ...]:
    """On which classes a member decides: a child (any but the first) of a hierarchy on its own."""
    return member.classes if kind == "hierarchy" and place else ()
