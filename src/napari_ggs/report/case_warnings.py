"""What one must know to read the numbers of a case rightly, the gravest first."""

from collections.abc import Sequence

from napari_ggs.report.case_counts import UNKNOWN, SlideCounts
from napari_ggs.report.case_people import Finish, Share
from napari_ggs.report.case_pictures import SlideLook
from napari_ggs.report.case_reading import CaseReading
from napari_ggs.report.formats import interval, plural
from napari_ggs.review.answer import ADEQUATE, Answer

NO_FILTER = (
    "The classifier has no class for what is no glomerulus: it filters nothing, and false circles "
    "count until somebody takes them out."
)


def warnings(
    case: CaseReading,
    counts: Sequence[SlideCounts],
    looks: Sequence[SlideLook],
    shares: Sequence[Share],
    finish: Finish | None,
) -> list[str]:
    """Sentences.

    Parameters
    ----------
    case : CaseReading
    counts, looks : sequence of SlideCounts, SlideLook
        One of each for every slide of the case.
    shares : sequence of Share
    finish : Finish or None
    """
    return [
        *_of_finish(case, finish),
        *_of_answer(case.answer),
        *_of_slides(case, counts),
        *_of_pictures(looks),
        *_of_reading(shares),
    ]


def _of_finish(case: CaseReading, finish: Finish | None) -> list[str]:
    """What was frozen is of the slide in the window, whose sliders may have been moved."""
    if finish is None or finish.counts is None:
        return []
    if any(one.answer.counts == finish.counts for one in case.slides):
        return []
    return [
        f"When the case was finished, {plural(finish.count, 'glomerulus', 'glomeruli')} of a slide "
        "were counted otherwise than here: with other thresholds in the window, or with cut "
        "glomeruli counted otherwise."
    ]


def _of_answer(said: Answer) -> list[str]:
    words = []
    if said.reviewed < said.total:
        left = plural(said.total - said.reviewed, "circle")
        words.append(
            f"Preliminary: nobody has reviewed {left} of {said.total}; they count as the model "
            "classified them."
        )
    if not said.count:
        words.append("No glomerulus is counted, so that there is no %GGS.")
    elif not said.adequate:
        words.append(
            f"{plural(said.count, 'glomerulus', 'glomeruli')}: fewer than {ADEQUATE} are too few "
            "to judge a biopsy by."
        )
    if _misled(said):
        words.append(
            "If the stain misleads the model on this slide, the share in this tissue may be "
            f"anywhere from {interval(said.section_with_shift)}."
        )
    if said.aside.unclassified:
        circles = plural(said.aside.unclassified, "circle")
        words.append(f"{circles} without a class: pixels there could not be read.")
    return words


def _misled(said: Answer) -> bool:
    """Whether the interval that allows for a shift is the wider one to a percent."""
    plain, shifted = said.section, said.section_with_shift
    if not plain.value >= 0:
        return False
    return round(100 * shifted.low) < round(100 * plain.low) or round(100 * shifted.high) > round(
        100 * plain.high
    )


def _of_slides(case: CaseReading, counts: Sequence[SlideCounts]) -> list[str]:
    words = []
    if case.waiting:
        slides = plural(len(case.waiting), "slide")
        words.append(f"Nothing was looked for on {slides} of the case: no run was made there.")
    words += [
        f"Slide {one.number} has other classes ({one.run.scheme.name}, not {case.scheme.name}) and "
        "is not added to the case."
        for one in case.left_out
    ]
    for one in case.slides:
        words += _of_run(one.number, one.run.finished, one.run.info, one.run.region is not None)
    if not case.scheme.can_filter:
        words.append(NO_FILTER)
    if unknown := [f"{one.reading.number}" for one in counts if one.known == UNKNOWN]:
        words.append(
            f"The sections of slide {', '.join(unknown)} are not known: each slide counts as one "
            "level."
        )
    return words


def _of_run(number: int, finished: bool, info: dict, region: bool) -> list[str]:
    words = []
    if not finished or not info.get("complete", True):
        words.append(f"The run on slide {number} was cut off: a part of the tissue was not seen.")
    if region:
        words.append(f"Only a region of slide {number} was analysed.")
    return words


def _of_pictures(looks: Sequence[SlideLook]) -> list[str]:
    faults = sorted({look.fault for look in looks if look.fault})
    return [
        f"No pictures of {plural(sum(look.fault == fault for look in looks), 'slide')}: {fault}. "
        "The figures do not depend on them."
        for fault in faults
    ]


def _of_reading(shares: Sequence[Share]) -> list[str]:
    blind = sorted({share.slide for share in shares if share.blind})
    slides = ", ".join(map(str, blind))
    return [f"Read at least in part blind to the model: slide {slides}."] if blind else []
