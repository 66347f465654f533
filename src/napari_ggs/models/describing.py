"""A model card in words, for people to read."""

from collections.abc import Iterable, Iterator

from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.models.card import ModelCard
from napari_ggs.models.embedded import WEIGHTS
from napari_ggs.models.finding import Found
from napari_ggs.models.parts import Member

Line = tuple[str, str]
Row = tuple[str, str, str, str, str, str]

HEADINGS: Row = ("name", "task", "network", "input", "classes", "file")
"""Of `row`."""

NO_FILTER = (
    f"it cannot: {NON_GLOMERULUS} is not among its classes, so every circle counts as a glomerulus"
)


def row(found: Found) -> Row:
    """A model in a table of models."""
    path, card = found
    looks_at = f"{card.mpp} um/px" if card.mpp else f"+{card.margin_um} um"
    if card.is_child:
        classes = f"child: {', '.join(card.classes)}"
    else:
        classes = card.scheme.name if card.task == "classification" else card.classes[0]
    file = "comes with napari-ggs" if path.parent == WEIGHTS else str(path)
    return card.name, card.task, card.network, f"{card.input_px} px, {looks_at}", classes, file


def described(found: Found) -> list[Line]:
    """What a model is for, what it was made from and how good it was: titles and texts.

    A title is empty where a line goes on with the one before.
    """
    path, card = found
    return [
        ("name", card.name),
        ("for", f"{card.task}; {card.notes}"),
        ("file", str(path)),
        *_network(card),
        *(_detector(card) if card.task == "detection" else _classifier(card)),
        *_origin(card),
        *_under("measured", (f"{name} {value:g}" for name, value in card.metrics.items())),
        ("made", _made(card)),
        ("SHA-256", card.sha256),
    ]


def _under(title: str, texts: Iterable[str]) -> Iterator[Line]:
    for place, text in enumerate(texts):
        yield ("" if place else title), text


def _network(card: ModelCard) -> Iterator[Line]:
    yield "network", card.network
    yield from _under("members", map(_member, card.members))


def _member(member: Member) -> str:
    return (
        f"{member.file} decides on {', '.join(member.classes)}" if member.classes else member.file
    )


def _detector(card: ModelCard) -> Iterator[Line]:
    yield "looks at", f"{card.input_px} px tiles at {card.mpp:g} um/px"
    yield (
        "finds",
        f"circles of up to {card.max_radius_um:g} um radius, from a score of {card.t_det:g}",
    )


def _classifier(card: ModelCard) -> Iterator[Line]:
    yield "looks at", f"{card.input_px} px crops, {card.margin_um:g} um around the circle"
    yield "tells apart", ", ".join(card.classes)
    if card.is_child:
        yield "answers", "as a child of a hierarchy, not alone"
    elif card.scheme.can_filter:
        yield "filters", f"circles with p({NON_GLOMERULUS}) above {1 - card.t_glom:g}"
    else:
        yield "filters", NO_FILTER
    if not card.composite:
        yield "temperature", f"{card.temperature:g}"
    if card.logit_shift_sd is not None:
        yield "slide shift", f"{card.logit_shift_sd:g} (SD of the logit of sclerosis over slides)"


def _origin(card: ModelCard) -> Iterator[Line]:
    sources = (f"{s.name} ({', '.join(filter(None, (s.licence, s.doi)))})" for s in card.data)
    yield from _under("learnt from", sources)
    yield "labelled by", card.labelled_by or "not said"
    seen = card.patients_seen
    yield (
        "patients",
        f"{len(seen.training)} in training, {len(seen.selection)} in selection, "
        f"{len(seen.calibration)} in calibration",
    )
    yield from _under("grown from", card.parents)


def _made(card: ModelCard) -> str:
    when = f"{card.created:%Y-%m-%d %H:%M}" if card.created else "not said when"
    how = f" by {card.trained_with.command}" if card.trained_with.command else ""
    return when + how
