"""A run as it was left: by one reader, or as all readers of it agree."""

from dataclasses import dataclass

import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.store import CaseStore, StoredRun
from napari_ggs.store.readings import CONSENSUS, as_said, readers, with_agreed

__all__ = ["CONSENSUS", "Reading", "as_left", "readers"]


@dataclass(frozen=True, eq=False)
class Reading:
    """What was said of a run.

    Attributes
    ----------
    run : StoredRun
    reader : str
        Who said it; `CONSENSUS` for all together, "" if nobody said anything.
    table : DataFrame
        See `napari_ggs.store.folding`; without the circles that were removed.
    """

    run: StoredRun
    reader: str
    table: pd.DataFrame

    @property
    def by_one(self) -> bool:
        """Whether it is what one person said."""
        return self.reader not in ("", CONSENSUS)


def drawn_by_others(table: pd.DataFrame) -> pd.Series:
    """Which circles of a reader's table only others know: what they drew and the reader did not.

    Two readers who read for themselves do not see them before they compare.
    """
    drawn = table["detection_score"].isna()
    return drawn & (table["label"] == "") & (table["assessment"] == "")


def seen_by_reader(state: pd.DataFrame) -> pd.DataFrame:
    """What counts for a reader: without what only others drew, and with what was settled.

    A circle on which the readers settled stands, whatever this reader took out or put aside.
    """
    return with_agreed(state[~drawn_by_others(state)])


def settled(
    store: CaseStore, run: StoredRun, reviewer: str | None = None
) -> tuple[str, pd.DataFrame]:
    """Who said what of a run, with the circles that were removed; see `as_left`.

    Returns
    -------
    reader : str
    state : DataFrame
        See `napari_ggs.store.folding`.

    Raises
    ------
    UserError
        If nothing is there of the reviewer, or readers disagree and have not settled it.
    """
    reader, state = as_said(store, run, reviewer)
    if number := int(state["disputed"].sum()):
        raise UserError(
            f"{', '.join(readers(store.events(run.id)))} disagree on {number} circles and have "
            "not settled them: name one of them with --reviewer, or settle on a consensus first."
        )
    return reader, state.drop(columns="disputed")


def as_left(store: CaseStore, run: StoredRun, reviewer: str | None = None) -> Reading:
    """A run as a reader left it; by default the only one, else all of them together.

    See `napari_ggs.store.readings.as_said`.

    Raises
    ------
    UserError
        If nothing is there of the reviewer, or readers disagree and have not settled it.
    """
    reader, state = settled(store, run, reviewer)
    kept = state[~state["removed"].astype(bool)]
    own = kept if reader == CONSENSUS else kept[~drawn_by_others(kept)]
    return Reading(run, reader, own.sort_values("id"))
