"""What readers said of a run: what one saw at a moment, and what all say now."""

from collections.abc import Iterable
from datetime import datetime

import pandas as pd

from napari_ggs.store.events import Event
from napari_ggs.store.folding import fold
from napari_ggs.store.journal import Journals
from napari_ggs.store.run_circles import RunCircles


class Views(RunCircles, Journals):
    """What readers said of the runs of a study."""

    def state_at(self, run: int, time: datetime, reviewer: str) -> pd.DataFrame:
        """What a reader saw of a run at a moment (aware): see `napari_ggs.store.folding`."""
        return fold(self.table(run), self.events(run, until=time), reviewer)

    def readers(self, run: int) -> list[str]:
        """Names of those who gave or took back a label, sorted."""
        return _labellers(self.events(run))

    def labels(self, run: int) -> pd.DataFrame:
        """The present labels of each reader.

        Returns
        -------
        DataFrame of str
            A row for each circle that exists, by handle; a column for each reader, sorted. ""
            where a reader gave none.
        """
        events = self.events(run)
        table = self.table(run).sort_index()
        given = {who: fold(table, events, who)["own_label"] for who in _labellers(events)}
        # What exists is the same for all, also for nobody.
        return pd.DataFrame(given, index=fold(table, events, "").index)


def _labellers(events: Iterable[Event]) -> list[str]:
    return sorted({e.who for e in events if any(c.field == "label" for c in e.changes)})
