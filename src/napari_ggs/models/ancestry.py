"""Whose tissue shaped a model and all that it grew from, as far as that was written down.

Every training adds its patients to those of what it started from (`napari_ggs.training.origin`),
so a card knows those of all its ancestors, unless one of them did not know its own: an imported
checkpoint, say. What grew from such a one, or consists of it, has it among its parents with the
mark `UNRECORDED`. Published ImageNet weights have seen no patients.
"""

from napari_ggs.models.card import ModelCard

UNRECORDED = " (patients not recorded)"
"""Ends the name of a parent that may have learnt from anybody."""


def as_parents(card: ModelCard) -> tuple[str, ...]:
    """How a model stands among the parents of what grows from it, or consists of it."""
    return (card.name if unrecorded(card) is None else f"{card.name}{UNRECORDED}",)


def unrecorded(card: ModelCard) -> str | None:
    """The model, or the parent of it, whose patients are not known; None if all are."""
    if not card.patients_seen.training:
        return card.name
    marked = (name for name in card.parents if name.endswith(UNRECORDED))
    return next((name.removesuffix(UNRECORDED) for name in marked), None)


def patients_seen(card: ModelCard) -> frozenset[str]:
    """Whoever shaped a model: by teaching, choosing or calibrating it, or an ancestor of it."""
    seen = card.patients_seen
    return frozenset((*seen.training, *seen.selection, *seen.calibration))
