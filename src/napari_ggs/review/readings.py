"""A run as it was left: by one reader, or as all readers of it agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.glomeruli import STAYING_OUT
from napari_ggs.store import OWN, CaseStore, Event, StoredRun, flags_of, flags_text, fold

CONSENSUS = "consensus"
"""Who is the reader of what all readers agree on."""


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


def readers(events: Iterable[Event]) -> list[str]:
    """Names of those who said anything of their own, sorted."""
    return sorted({e.who for e in events if any(c.field in OWN for c in e.changes)})


def as_left(store: CaseStore, run: StoredRun, reviewer: str | None = None) -> Reading:
    """A run as a reader left it; by default the only one, else all of them together.

    Of several readers, a circle has the consensus, else the class on which those agree who gave
    one. Without a consensus it is removed if anyone removed it, and has the gravest assessment
    that anyone gave.

    Raises
    ------
    UserError
        If nothing is there of the reviewer, or readers disagree and have not settled it.
    """
    events, table = store.events(run.id), store.table(run.id)
    known = readers(events)
    if reviewer is not None and reviewer not in known:
        raise UserError(
            f"{reviewer} has reviewed nothing there (readers: {', '.join(known) or 'none'})."
        )
    chosen = reviewer or (known[0] if len(known) == 1 else "")
    state = fold(table, events, chosen)
    if len(known) > 1 and not chosen:
        chosen = CONSENSUS
        state = _together(state, {who: fold(table, events, who) for who in known})
    return Reading(run, chosen, state[~state["removed"].astype(bool)].sort_values("id"))


def _together(state: pd.DataFrame, each: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What all say; who settled on a class has graded, whatever anyone said before."""
    several = [seen.loc[state.index] for seen in each.values()]
    settled = state["consensus"] != ""
    given = pd.Series([{*words} - {""} for words in _said(several, "own_label")], state.index)
    _refuse_disputed(int((given[~settled].map(len) > 1).sum()), list(each))
    gravest = pd.Series([*map(_gravest, _said(several, "assessment"))], state.index, dtype="str")
    removed = pd.Series([*map(any, _said(several, "removed"))], state.index, dtype=bool)
    return state.assign(
        label=state["consensus"].where(settled, given.map(lambda words: max(words, default=""))),
        assessment=gravest.where(~(settled & gravest.isin(STAYING_OUT)), ""),
        flags=[flags_text(flags_of(",".join(filter(None, w)))) for w in _said(several, "flags")],
        note=["; ".join(filter(None, words)) for words in _said(several, "note")],
        removed=removed & ~settled,
    )


def _said(several: Iterable[pd.DataFrame], column: str) -> Iterable[tuple]:
    """What each reader has in a column, circle by circle."""
    return zip(*(seen[column] for seen in several), strict=True)


def _gravest(words: Iterable[str]) -> str:
    """Of several assessments that which keeps a circle out, if any does."""
    return max(words, key=lambda word: (word in STAYING_OUT, word == "cut", word))


def _refuse_disputed(number: int, known: list[str]) -> None:
    if number:
        raise UserError(
            f"{', '.join(known)} disagree on {number} circles and have not settled them: name "
            "one of them with --reviewer, or settle on a consensus first."
        )
