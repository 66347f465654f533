"""Making a composite: a card that lists models, which answer together."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

from pydantic import ValidationError

from napari_ggs.devices import device_of
from napari_ggs.files import replacing
from napari_ggs.models.ancestry import as_parents
from napari_ggs.models.card import ModelCard, ModelError
from napari_ggs.models.finding import Found, deciding, find
from napari_ggs.models.loading import build
from napari_ggs.models.parts import Architecture, Kind, Member, PatientsSeen, digest
from napari_ggs.models.saving import as_json, dated

Item = TypeVar("Item")


def combine(name: str, kind: Kind, members: Sequence[str | Path], out: Path) -> Path:
    """Make one model of several that lie beside it; see `composite_card` and `save_composite`.

    Raises
    ------
    ModelError
        If a member is missing or elsewhere, or the members do not go together.
    """
    files = [find(member).path for member in members]
    for file in files:
        if file.parent.resolve() != out.parent.resolve():
            raise ModelError(
                f"{file} is not beside {out}: a composite knows its members by their file names "
                f"alone. Copy it, with its card, to {out.parent.absolute()}."
            )
    try:
        return save_composite(composite_card(name, kind, files), out)
    except ValidationError as fault:
        reason = fault.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        listed = ", ".join(file.name for file in files)
        raise ModelError(
            f"{listed} cannot be one model of the kind {kind}: {reason}. Give others."
        ) from fault


def composite_card(name: str, kind: Kind, members: Sequence[Path], **about: Any) -> ModelCard:
    """Describe a composite by what the cards of its members say.

    Classes, margin and resolution are theirs. Data, labellers and patients are those of all
    members: nothing may be validated on a patient that any of them has seen.

    Parameters
    ----------
    name : str
    kind : {"ensemble", "hierarchy", "detectors"}
        See `Architecture`.
    members : sequence of Path
        Their files, in the folder of the composite. The parent of a hierarchy comes first.
    **about
        Other fields of the card, such as ``metrics``, ``notes`` and ``trained_with``.

    Raises
    ------
    ModelError
        If a member is missing or its card cannot be read.
    """
    found = [find(member) for member in members]
    shared = _shared([each.card for each in found], leads=kind == "hierarchy")
    fields = {"name": name, "architecture": Architecture(kind=kind), **shared, **about}
    return ModelCard.model_validate({**fields, "members": _listed(kind, found)})


def _listed(kind: Kind, found: Sequence[Found]) -> tuple[Member, ...]:
    return tuple(
        Member(file=path.name, sha256=card.sha256, classes=deciding(kind, place, card))
        for place, (path, card) in enumerate(found)
    )


def _shared(cards: Sequence[ModelCard], leads: bool) -> dict[str, Any]:
    """What the cards say together; `leads`: the first one settles the thresholds."""
    first, leaders = cards[0], cards[:1] if leads else cards
    radii = [card.max_radius_um for card in cards if card.max_radius_um]
    return {
        "task": first.task,
        "classes": first.classes,
        "mpp": first.mpp,
        "max_radius_um": max(radii, default=None),
        "margin_um": first.margin_um,
        "input_px": max(card.input_px for card in cards),
        "t_det": fmean(card.t_det for card in leaders),
        "t_glom": fmean(card.t_glom for card in leaders),
        "data": _each_once(source for card in cards for source in card.data),
        "labelled_by": "; ".join(_each_once(card.labelled_by for card in cards)),
        "parents": _each_once(name for card in cards for name in as_parents(card)),
        "patients_seen": _patients(cards),
    }


def _each_once(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys(item for item in items if item))


def _patients(cards: Sequence[ModelCard]) -> PatientsSeen:
    def seen(when: str) -> tuple[str, ...]:
        return _each_once(name for card in cards for name in getattr(card.patients_seen, when))

    return PatientsSeen.model_validate({when: seen(when) for when in PatientsSeen.model_fields})


def save_composite(card: ModelCard, path: Path) -> Path:
    """Write a composite's card, once its members are there and go together.

    Parameters
    ----------
    card : ModelCard
        As `composite_card` makes it; ``sha256`` and, if there is none, ``created`` are filled in.
    path : Path
        Ends in ``.json``, in the folder of the members.

    Returns
    -------
    Path
        `path`, by which `load_classifier` or `load_detector` loads it.

    Raises
    ------
    ModelError
        If the path is no name for a composite, a member is missing or not the one that the card
        lists, or the members do not go together.
    UserError
        If the file cannot be written.
    """
    if path.suffix != ".json":
        raise ModelError(f"{path} is no name for a composite of models: end it in .json.")
    if path.with_suffix(".safetensors").exists():
        raise ModelError(f"{path} is the card of another model: choose another name.")
    stamped = dated(card, digest(card.architecture.kind, card.members))
    build(Found(path, stamped), device_of("cpu"))
    with replacing(path) as file:
        file.write_text(as_json(stamped), encoding="utf-8")
    return path
