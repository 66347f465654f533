"""What a study says of a case: the circles of its slides as their readers left them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.review.answer import Answer, answer
from napari_ggs.review.conventions import case_table
from napari_ggs.review.readings import readers, seen_by_reader, settled
from napari_ggs.store import CaseStore, StoredRun, StoredSlide, fold

_PASSED, _HALF = 1.0, Thresholds(0.5, 0.5)


@dataclass(frozen=True, eq=False)
class SlideReading:
    """One slide of a case.

    Attributes
    ----------
    slide : StoredSlide
    number : int
        1, 2, ... in its case.
    run : StoredRun
        Whose circles stand for it.
    reader : str
        Who said what is counted; `readings.CONSENSUS` for all together, "" if nobody did.
    table : DataFrame
        See `napari_ggs.store.folding`, with the circles that were removed.
    count_cut : bool
        Whether glomeruli cut by the edge of the tissue count.
    """

    slide: StoredSlide
    number: int
    run: StoredRun
    reader: str
    table: pd.DataFrame
    count_cut: bool

    @cached_property
    def answer(self) -> Answer:
        """What the Review dock shows of it."""
        run = self.run
        return answer(self.table, run.scheme, run.thresholds, count_cut=self.count_cut)


@dataclass(frozen=True, eq=False)
class CaseReading:
    """A case.

    Attributes
    ----------
    case, patient : str
        As the study knows them.
    slides : tuple of SlideReading
        Those with a run.
    waiting : tuple of StoredSlide
        Those without one.
    count_cut : bool
    """

    case: str
    patient: str
    slides: tuple[SlideReading, ...]
    waiting: tuple[StoredSlide, ...]
    count_cut: bool

    @cached_property
    def scheme(self) -> Scheme:
        """The classes of most of its slides; of as many, those of the first."""
        schemes = [one.run.scheme for one in self.slides]
        return max(schemes, key=schemes.count)

    @cached_property
    def added(self) -> tuple[SlideReading, ...]:
        """The slides that are added up: those of the same classes."""
        return tuple(one for one in self.slides if one.run.scheme == self.scheme)

    @cached_property
    def left_out(self) -> tuple[SlideReading, ...]:
        """The slides of other classes, which cannot be added to these."""
        return tuple(one for one in self.slides if one.run.scheme != self.scheme)

    @cached_property
    def answer(self) -> Answer:
        """The answer of all slides that are added up, each counted by thresholds of its own."""
        if len(self.added) == 1:
            return self.added[0].answer
        table = case_table({str(one.number): by_own_threshold(one) for one in self.added})
        return answer(table, self.scheme, _HALF, count_cut=self.count_cut)


def by_own_threshold(one: SlideReading) -> pd.DataFrame:
    """The table of a slide, scored so that those pass `_HALF` that reach the run's threshold."""
    drawn = one.table["detection_score"].isna()
    passing = glomeruli.passes(one.table, one.run.thresholds).astype(float)
    return one.table.assign(detection_score=passing.where(~drawn) * _PASSED)


def read_case(
    store: CaseStore,
    slides: Sequence[StoredSlide],
    reviewer: str | None = None,
    *,
    count_cut: bool = True,
) -> CaseReading:
    """Read what stands of a case.

    Parameters
    ----------
    store : CaseStore
    slides : sequence of StoredSlide
        All slides of the case.
    reviewer : str, optional
        By what one reader said, and the consensus, as the Review dock counts. By default a slide
        counts as its only reader left it, or as all of its readers together.
    count_cut : bool
        Whether glomeruli cut by the edge of the tissue count.

    Raises
    ------
    UserError
        If no run was made on any slide, or readers disagree and have not settled it.
    """
    ordered = sorted(slides, key=lambda slide: (slide.name, slide.id))
    runs = [store.standing_run(slide.id) for slide in ordered]
    if not any(runs):
        raise UserError(
            "There is nothing to report, since no run was made on any slide of the case: press "
            "Detect & Classify on one, with the study in the preferences."
        )
    read = tuple(
        SlideReading(slide, number, run, *_left(store, run, reviewer), count_cut)
        for number, (slide, run) in enumerate(zip(ordered, runs, strict=True), start=1)
        if run is not None
    )
    waiting = tuple(slide for slide, run in zip(ordered, runs, strict=True) if run is None)
    return CaseReading(slides[0].case, slides[0].patient, read, waiting, count_cut)


def _left(store: CaseStore, run: StoredRun, reviewer: str | None) -> tuple[str, pd.DataFrame]:
    """Who said what of a run; who said nothing of it has left it to the model."""
    if reviewer is None:
        return settled(store, run)
    events = store.events(run.id)
    said = reviewer if reviewer in readers(events) else ""
    return said, seen_by_reader(fold(store.table(run.id), events, reviewer))


def require_reader(store: CaseStore, slides: Sequence[StoredSlide], reviewer: str) -> None:
    """See that somebody of that name said anything of the slides.

    Raises
    ------
    UserError
        If nobody did.
    """
    runs = [run for slide in slides if (run := store.standing_run(slide.id))]
    known = sorted({who for run in runs for who in readers(store.events(run.id))})
    if reviewer not in known:
        raise UserError(
            f"{reviewer} has reviewed nothing there (readers: {', '.join(known) or 'none'})."
        )
