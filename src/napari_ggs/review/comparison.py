"""What the readers of a run said, side by side: how far they agree, and what is to be settled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.evaluation.agreement import Agreement, agreement, between
from napari_ggs.glomeruli import GEOMETRY, STAYING_OUT, Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.review.blinding import read_blind
from napari_ggs.review.readings import readers
from napari_ggs.store import FIRST_DRAWN, CaseStore, StoredRun, fold

TAKEN_OUT = "taken out"

Kind = Literal["class", "taken out", "put aside", "drawn", ""]
"""========= ====================================================================================
class     they named it differently
taken out some took it out, others did not
put aside some named it, others found it uncertain, ungradable or a duplicate
drawn     one drew it, and no other said anything of it
========= ===================================================================================="""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What some readers said of the circles of a run, each for themselves.

    Attributes
    ----------
    scheme : Scheme
    circles : DataFrame
        Every circle that exists, by handle: ``id``, ``x``, ``y``, ``radius`` (level-0 px) and
        ``consensus``, the class that was settled on, "" for none.
    verdicts : DataFrame of str, circles x readers
        A class; an assessment that keeps the circle out; `TAKEN_OUT`; "" if nothing was said.
    blind : dict of str to int
        How many circles each reader judged blind to the model.
    """

    scheme: Scheme
    circles: pd.DataFrame
    verdicts: pd.DataFrame
    blind: dict[str, int]

    @property
    def readers(self) -> tuple[str, ...]:
        """Their names, sorted."""
        return tuple(self.verdicts.columns)

    @property
    def judged(self) -> dict[str, int]:
        """Of how many circles each reader said anything."""
        return {who: int((self.verdicts[who] != "").sum()) for who in self.readers}

    @property
    def readings(self) -> pd.DataFrame:
        """The verdicts that are classes, as `evaluation.agreement` wants them."""
        return self.verdicts.where(self.verdicts.isin(self.scheme.classes), "")

    @property
    def apart(self) -> int:
        """Circles that all judged, but not all by a class: kappa leaves them out."""
        judged, named = ((table != "").all(axis=1) for table in (self.verdicts, self.readings))
        return int((judged & ~named).sum())

    def of(self, chosen: Sequence[str]) -> "Comparison":
        """The same of some of the readers."""
        return replace(self, verdicts=self.verdicts[list(chosen)])

    def agreement(self) -> Agreement:
        """Kappa of the circles that all of them named; UserError if they are fewer than two."""
        return agreement(self.readings)

    def confusion(self, first: str, second: str) -> pd.DataFrame:
        """How often the first (rows) and the second (columns) gave which class, in class order."""
        return between(self.readings, first, second, self.scheme.classes)

    def disputes(self) -> pd.DataFrame:
        """The circles to be settled, in the order of their ids.

        Returns
        -------
        DataFrame
            By handle: ``kind`` (see `Kind`) and the columns of ``circles``. What is settled stays.
        """
        classes = {*self.scheme.classes}
        kinds = [
            _kind(words, classes, drawn=handle >= FIRST_DRAWN)
            for handle, *words in self.verdicts.itertuples()
        ]
        table = self.circles.assign(kind=pd.Series(kinds, self.circles.index, dtype="str"))
        return table[table["kind"] != ""].sort_values("id")


def compare(store: CaseStore, run: StoredRun) -> Comparison:
    """What all readers of a run say of its circles now."""
    events, table = store.events(run.id), store.table(run.id)
    known = readers(events)
    there = fold(table, events, "")  # what exists is the same for all, also for nobody
    said = {who: _verdicts(fold(table, events, who)) for who in known}
    return Comparison(
        scheme=run.scheme,
        circles=there[["id", *GEOMETRY, "consensus"]],
        verdicts=pd.DataFrame(said, index=there.index),
        blind={who: len(read_blind(events, who).intersection(there.index)) for who in known},
    )


def left_to_read(table: pd.DataFrame, thresholds: Thresholds) -> int:
    """How many circles a reader has not judged yet, of those that reach the detection threshold.

    Parameters
    ----------
    table : DataFrame
        Of a review, without removed circles (`Session.table`). What others drew is not waited for.
    thresholds : Thresholds
    """
    found = glomeruli.passes(table, thresholds) & table["detection_score"].notna()
    return int((found & ~table.index.isin(judged(table).index)).sum())


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """The circles of which a reader said what they are, or put aside."""
    return table[(table["label"] != "") | table["assessment"].isin(STAYING_OUT)]


def _verdicts(seen: pd.DataFrame) -> pd.Series:
    """What one reader says of each circle."""
    aside = seen["assessment"].isin(STAYING_OUT)
    words: pd.Series = seen["own_label"].mask(aside, seen["assessment"])
    return words.mask(seen["removed"].astype(bool), TAKEN_OUT)


def _kind(words: Sequence[str], classes: set[str], *, drawn: bool) -> Kind:
    said = {*words} - {""}
    named = said & classes
    if len(named) > 1:
        return "class"
    if len(said) > 1:
        return "taken out" if TAKEN_OUT in said else "put aside" if named else ""
    alone = len(words) - list(words).count("") == 1
    return "drawn" if drawn and named and alone else ""
