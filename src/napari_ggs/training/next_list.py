"""The list that ``napari-ggs study next`` wrote: which of its circles are left, slide by slide."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.store import CaseStore, StoredSlide
from napari_ggs.training.study_circles import OPEN, run_places

NEEDED = ["slide", "circle", "file"]


@dataclass(frozen=True, eq=False)
class NextList:
    """Circles of a study that are to be labelled next.

    Attributes
    ----------
    table : DataFrame
        See `napari_ggs.training.study_next.NextLabels`, in order.
    """

    table: pd.DataFrame

    @classmethod
    def read(cls, path: Path) -> "NextList":
        """Read a list.

        Raises
        ------
        UserError
            If it cannot be read, or is another table.
        """
        try:
            table = pd.read_csv(path, dtype={"slide": "str", "file": "str"})
        except (OSError, ValueError) as fault:
            raise UserError(f"{path} cannot be read ({fault}): choose the circles anew.") from fault
        if missing := [name for name in NEEDED if name not in table]:
            raise UserError(f"{path} has no column {missing[0]}: choose the circles anew.")
        return cls(table)

    def circles(self, slide: StoredSlide) -> list[int]:
        """Numbers of the circles of a slide, in order."""
        mine = self.table["file"] == str(slide.path)
        if not mine.any():
            mine = self.table["slide"] == slide.name
        return self.table["circle"][mine].astype(int).tolist()

    def left(self, store: CaseStore, slide: StoredSlide) -> int:
        """How many of a slide's circles nobody has said anything of."""
        wanted, run = self.circles(slide), store.standing_run(slide.id)
        if not wanted or run is None:
            return 0
        found = run_places(store, run)
        return int(found["id"][found["standing"] == OPEN].isin(wanted).sum())

    def next_slide(self, store: CaseStore, but: int) -> tuple[StoredSlide, int] | None:
        """The first slide of the list with circles left, and how many; not that of the id `but`."""
        slides = [slide for slide in store.slides() if slide.id != but]
        named = self.table["slide"].tolist()
        listed = [slide for slide in slides if self.circles(slide)]
        for slide in sorted(listed, key=lambda slide: named.index(slide.name)):
            if left := self.left(store, slide):
                return slide, left
        return None
