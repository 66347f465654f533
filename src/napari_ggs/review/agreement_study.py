"""How far the readers of a study agree: slide by slide and over all slides, as tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs.errors import UserError
from napari_ggs.evaluation.agreement import Agreement, agreement, between
from napari_ggs.evaluation.tables import table_of, write_table
from napari_ggs.files import make_folder
from napari_ggs.lesions import Scheme
from napari_ggs.review.comparison import Comparison, compare
from napari_ggs.store import CaseStore, StoredSlide
from napari_ggs.store.pseudonyms import Names

ALL = "all slides"


@dataclass(frozen=True, eq=False)
class Scope:
    """Circles whose agreement is measured together.

    Attributes
    ----------
    slide : StoredSlide or None
        None: all slides.
    scheme : Scheme
    readings : DataFrame, circles x readers
    patients : ndarray, shape (circles,), or None
        Of several patients: whose each circle is; whole patients are drawn again for intervals.
    """

    slide: StoredSlide | None
    scheme: Scheme
    readings: pd.DataFrame
    patients: NDArray[np.object_] | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return ALL if self.slide is None else self.slide.name

    def agreements(self) -> list[Agreement]:
        """Cohen's kappa of every pair of readers, then Fleiss' of all if they are more."""
        readers = tuple(self.readings.columns)
        chosen = [*combinations(readers, 2), *([readers] if len(readers) > 2 else [])]
        return [agreement(self.readings[list(some)], self.patients) for some in chosen]


Compared = tuple[StoredSlide, Comparison]


def compare_slides(store: CaseStore, name: str | None = None) -> list[Compared]:
    """The latest run of each slide, or of those of a name, as its readers left it.

    Raises
    ------
    UserError
        If there is no slide of that name, or none that two people read.
    """
    slides = [slide for slide in store.slides() if name in (None, slide.name)]
    if not slides:
        known = ", ".join(slide.name for slide in store.slides()) or "none"
        raise UserError(f"The study has no slide {name!r}; its slides: {known}.")
    standing = [(slide, run) for slide in slides if (run := store.standing_run(slide.id))]
    found = [(slide, compare(store, run)) for slide, run in standing]
    several = [(slide, said) for slide, said in found if len(said.readers) > 1]
    if not several:
        raise UserError(
            "No slide there has two readers: let another person read it under their own name."
        )
    return several


def scopes(compared: Sequence[Compared]) -> list[Scope]:
    """Each slide; then, of several, all slides that were read in the same classes."""
    single = [Scope(slide, said.scheme, said.readings) for slide, said in compared]
    schemes = dict.fromkeys(scope.scheme for scope in single)
    alike = [[scope for scope in single if scope.scheme == scheme] for scheme in schemes]
    return [*single, *(_pooled(several) for several in alike if len(several) > 1)]


def write_agreement(compared: Sequence[Compared], out: Path, names: Names) -> list[Path]:
    """Write ``agreement``, ``confusion`` and ``disagreements`` (.csv, .md) into a folder.

    Raises
    ------
    UserError
        If they cannot be written.
    """
    make_folder(out)
    measured = scopes(compared)
    tables = {
        "agreement": pd.concat(_figures(scope, names) for scope in measured),
        "confusion": pd.concat(_confusions(scope, names) for scope in measured),
        "disagreements": pd.concat(_disputes(slide, said, names) for slide, said in compared),
    }
    return [path for name, table in tables.items() for path in write_table(table, out / name)]


def _pooled(several: Sequence[Scope]) -> Scope:
    """All together; a reader who did not read a slide said nothing of its circles."""
    readings = pd.concat([scope.readings for scope in several], ignore_index=True).fillna("")
    whose = [scope.slide.patient if scope.slide else "" for scope in several]
    patients = np.repeat(np.array(whose, dtype=object), [len(s.readings) for s in several])
    many = len(set(whose)) > 1
    return Scope(None, several[0].scheme, readings, patients if many else None)


def _figures(scope: Scope, names: Names) -> pd.DataFrame:
    return pd.concat(
        table_of(
            {"kappa": found.kappa, "agreed": found.agreed},
            slide=_called(scope, names),
            readers=" and ".join(map(names.reader, found.readers)),
        )
        for found in scope.agreements()
    )


def _confusions(scope: Scope, names: Names) -> pd.DataFrame:
    """A row for each pair of readers and of classes that they gave together."""
    rows = []
    for one, other in combinations(scope.readings.columns, 2):
        table = between(scope.readings, one, other, scope.scheme.classes)
        who = _called(scope, names), names.reader(one), names.reader(other)
        pairs = product(scope.scheme.classes, repeat=2)
        counts = zip(pairs, table.to_numpy().ravel().tolist(), strict=True)
        rows += [(*who, *pair, count) for pair, count in counts if count]
    return pd.DataFrame(rows, columns=["slide", "reader", "other", "class", "of_other", "circles"])


def _disputes(slide: StoredSlide, said: Comparison, names: Names) -> pd.DataFrame:
    """A row for each circle to be settled, with what each reader said, one reader a column."""
    table = said.disputes()
    words = said.verdicts.loc[table.index].rename(columns=names.reader)
    about = table[["id", "x", "y", "radius", "kind", "consensus"]]
    whole = pd.concat([about.astype({"id": int}), words], axis=1)
    whole.insert(0, "slide", names.slide(slide))
    return whole


def _called(scope: Scope, names: Names) -> str:
    return ALL if scope.slide is None else names.slide(scope.slide)


def words_of(found: Agreement) -> str:
    """Who agrees how far, in one line."""
    kappa, whole = found.kappa, " and ".join(found.readers)
    interval = f" (95 %: {kappa.low:.2f} to {kappa.high:.2f})" if kappa.has_interval else ""
    value = "undefined" if np.isnan(kappa.value) else f"{kappa.value:.2f}{interval}"
    alike = "" if not kappa.n else f", alike on {round(found.agreed.value * kappa.n)}"
    reason = f" ({found.reason})" if found.reason else ""
    return f"{whole}: kappa {value}, {kappa.n} circles{alike}{reason}"


def lines(compared: Sequence[Compared]) -> Iterable[str]:
    """What the command says: each scope's agreement, and what is to be settled of each slide."""
    for scope in scopes(compared):
        for found in scope.agreements():
            yield f"{scope.name}: {words_of(found)}"
    for slide, said in compared:
        settled = said.disputes()["consensus"] != ""
        yield f"{slide.name}: {len(settled)} to settle, {int(settled.sum())} settled"
