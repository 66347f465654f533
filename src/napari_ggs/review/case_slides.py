"""The other slides of a case: what is counted on each, as one reader left it."""

from dataclasses import dataclass

from napari_ggs.lesions import Scheme
from napari_ggs.review.conventions import Conventions, conventions
from napari_ggs.review.placing import Placing, in_one
from napari_ggs.review.readings import seen_by_reader
from napari_ggs.review.sections import Section
from napari_ggs.store import CaseStore, StoredRun, StoredSlide, fold

WHOLE = "whole slide"
"""The one section of a slide whose sections nobody has kept."""


@dataclass(frozen=True)
class OtherSlide:
    """A slide of a case.

    Attributes
    ----------
    name : str
    found : Conventions or None
        None if it cannot be counted.
    remark : str
        What to know of it; "" if nothing.
    """

    name: str
    found: Conventions | None = None
    remark: str = ""


class CaseSlides:
    """Counts the slides of a case other than the one at hand; each anew only if it changed.

    A slide counts by its latest run with that run's thresholds, under what the reader said of it
    (the model's classes where they said nothing) and the consensus.

    Parameters
    ----------
    store : CaseStore
    slide : int
        The slide at hand.
    scheme : Scheme
        Its classes.
    """

    def __init__(self, store: CaseStore, slide: int, scheme: Scheme) -> None:
        self._store, self._slide, self._scheme = store, slide, scheme
        self._known: dict[int, tuple[object, OtherSlide]] = {}
        self._seen: dict[int, int] = {}

    def others(self, who: str, *, count_cut: bool = True) -> list[OtherSlide]:
        """The other slides of the case, by name.

        Parameters
        ----------
        who : str
            The reader.
        count_cut : bool
            Whether glomeruli cut by the edge of the tissue count.
        """
        slides = self._store.slides()
        case = next(slide.case for slide in slides if slide.id == self._slide)
        mine = [each for each in slides if each.case == case and each.id != self._slide]
        return [self._other(each, who, count_cut) for each in sorted(mine, key=lambda s: s.name)]

    def _other(self, slide: StoredSlide, who: str, count_cut: bool) -> OtherSlide:
        run, sections = self._store.standing_run(slide.id), self._store.sections(slide.id)
        if run is None:
            return OtherSlide(slide.name, remark="no run yet")
        if run.scheme != self._scheme:
            return OtherSlide(slide.name, remark=f"classes of {run.scheme.name}: not added")
        state = (slide.name, who, count_cut, run, self._latest(run.id), sections)
        if slide.id not in self._known or self._known[slide.id][0] != state:
            found = self._counted(run, who, count_cut, sections)
            remark = "" if sections is not None else "sections not known: counted as one"
            self._known[slide.id] = state, OtherSlide(slide.name, found, remark)
        return self._known[slide.id][1]

    def _latest(self, run: int) -> int:
        """The id of the latest event of a run."""
        events = self._store.events(run, after=self._seen.get(run, 0))
        if events:
            self._seen[run] = events[-1].id
        return self._seen.get(run, 0)

    def _counted(
        self, run: StoredRun, who: str, count_cut: bool, sections: list[dict] | None
    ) -> Conventions:
        state = fold(self._store.table(run.id), self._store.events(run.id), who)
        table = seen_by_reader(state)
        if sections is None:
            placed, names = in_one(table, WHOLE), [WHOLE]
        else:
            known = [Section.from_dict(each) for each in sections]
            placed, names = Placing(known).placed(table), [each.name for each in known]
        return conventions(placed, run.scheme, run.thresholds, names, count_cut=count_cut)
