"""What is said of a run: by one reader, or by all of its readers together."""

from collections.abc import Iterable, Mapping

import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.glomeruli import STAYING_OUT
from napari_ggs.store.case_store import CaseStore
from napari_ggs.store.events import OWN, Event, flags_of, flags_text
from napari_ggs.store.folding import fold
from napari_ggs.store.runs import StoredRun

CONSENSUS = "consensus"
"""Who is the reader of what all readers agree on."""


def readers(events: Iterable[Event]) -> list[str]:
    """Names of those who said anything of their own, sorted."""
    return sorted({e.who for e in events if any(c.field in OWN for c in e.changes)})


def as_said(
    store: CaseStore, run: StoredRun, reviewer: str | None = None
) -> tuple[str, pd.DataFrame]:
    """What a reader says of a run; by default the only one, else all of them together.

    A reader who is named says what they said for themselves, whatever was settled on.

    Of several readers, a circle has the consensus, else the class on which those agree who gave
    one. Without a consensus it is removed if anyone removed it, and has the gravest assessment
    that anyone gave.

    Returns
    -------
    reader : str
        Who said it; `CONSENSUS` for all together, "" if nobody said anything.
    state : DataFrame
        See `napari_ggs.store.folding`; ``disputed`` (bool) is true where readers gave several
        classes and have not settled on one.

    Raises
    ------
    UserError
        If nothing is there of the reviewer.
    """
    events, table = store.events(run.id), store.table(run.id)
    known = readers(events)
    if reviewer is not None and reviewer not in known:
        raise UserError(
            f"{reviewer} has reviewed nothing there (readers: {', '.join(known) or 'none'})."
        )
    chosen = reviewer or (known[0] if len(known) == 1 else "")
    state = fold(table, events, chosen)
    state = with_agreed(state) if reviewer is None else state.assign(label=state["own_label"])
    if chosen or len(known) < 2:
        return chosen, state.assign(disputed=False)
    return CONSENSUS, _together(state, {who: fold(table, events, who) for who in known})


def with_agreed(state: pd.DataFrame) -> pd.DataFrame:
    """A reader's state in which what the readers settled on is neither out nor put aside."""
    agreed = state["consensus"] != ""
    aside = state["assessment"].isin(STAYING_OUT)
    return state.assign(
        removed=state["removed"].astype(bool) & ~agreed,
        assessment=state["assessment"].mask(agreed & aside, ""),
    )


def _together(state: pd.DataFrame, each: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What all say; who settled on a class has graded, whatever anyone said before."""
    several = [seen.loc[state.index] for seen in each.values()]
    settled = state["consensus"] != ""
    given = pd.Series([{*words} - {""} for words in _said(several, "own_label")], state.index)
    gravest = pd.Series([*map(_gravest, _said(several, "assessment"))], state.index, dtype="str")
    removed = pd.Series([*map(any, _said(several, "removed"))], state.index, dtype=bool)
    return state.assign(
        label=state["consensus"].where(settled, given.map(lambda words: max(words, default=""))),
        assessment=gravest.where(~(settled & gravest.isin(STAYING_OUT)), ""),
        flags=[flags_text(flags_of(",".join(filter(None, w)))) for w in _said(several, "flags")],
        note=["; ".join(filter(None, words)) for words in _said(several, "note")],
        removed=removed & ~settled,
        disputed=(given.map(len) > 1) & ~settled,
    )


def _said(several: Iterable[pd.DataFrame], column: str) -> Iterable[tuple]:
    """What each reader has in a column, circle by circle."""
    return zip(*(seen[column] for seen in several), strict=True)


def _gravest(words: Iterable[str]) -> str:
    """Of several assessments that which keeps a circle out, if any does."""
    return max(words, key=lambda word: (word in STAYING_OUT, word == "cut", word))
