"""An audit: ten circles drawn at random, whose review corrects the answer of the model."""

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs.errors import UserError
from napari_ggs.evaluation import Estimate, wilson
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.review.expectations import expect, put_aside
from napari_ggs.review.prediction_powered import ratio

SIZE = 10


@dataclass(frozen=True)
class Audit:
    """Which circles to review, and what the model said when they were drawn.

    Attributes
    ----------
    number : int
        1 for the first audit of a slide.
    handles : tuple
        The circles to review, in the order drawn.
    frame : tuple, length N
        Handles of the circles that nobody had reviewed, out of which they were drawn.
    g, s : tuple of float, length N
        What the model expected of each of the frame (see `expectations`).
    """

    number: int
    handles: tuple[Hashable, ...]
    frame: tuple[Hashable, ...]
    g: tuple[float, ...]
    s: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON if the handles are."""
        return {name: list(v) if name != "number" else v for name, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` returns."""
        columns = (tuple(values[name]) for name in ("handles", "frame", "g", "s"))
        return cls(values["number"], *columns)


@dataclass(frozen=True)
class Audited:
    """What an audit found.

    Attributes
    ----------
    theta : Estimate
        The share of sclerotic glomeruli that a review of all circles would end at, 0 to 1, with
        its 95 % interval; n circles were audited.
    wrong : Estimate
        Share of the audited circles with a label whose kind (sclerotic, other glomerulus, none)
        the model got wrong, with Wilson's interval: none of ten still allows for up to 28 %.
    """

    theta: Estimate
    wrong: Estimate


def draw_audit(
    table: pd.DataFrame,
    scheme: Scheme,
    thresholds: Thresholds,
    fingerprint: str,
    number: int = 1,
    *,
    size: int = SIZE,
    count_cut: bool = True,
) -> Audit:
    """Draw `size` circles at random among those that take part and nobody has reviewed.

    Parameters
    ----------
    table : DataFrame
        A Glomeruli table; see `expect`. Its index is unique.
    scheme, thresholds
    fingerprint : str
        Of the slide.
    number : int
        With the fingerprint it seeds the draw: the same circles give the same audit.
    size : int
        All are taken if there are fewer.
    count_cut : bool
        Whether glomeruli cut by the edge of the tissue count.

    Raises
    ------
    UserError
        If every circle is reviewed.
    """
    ordered = table.sort_values(["y", "x", "radius"], kind="stable")
    circles = expect(ordered, scheme, thresholds, count_cut=count_cut)
    left = ~circles.reviewed
    if not left.any():
        raise UserError(
            "Every circle is reviewed: there is nothing left to audit, and %GGS is a plain count."
        )
    frame = ordered.index[circles.rows[left]].tolist()
    chosen = _rng(fingerprint, number).permutation(len(frame))[:size]
    g, s = circles.g[left].tolist(), circles.s[left].tolist()
    return Audit(number, tuple(frame[i] for i in chosen), tuple(frame), tuple(g), tuple(s))


def _rng(fingerprint: str, number: int) -> np.random.Generator:
    digest = hashlib.sha256(f"{fingerprint} audit {number}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest))


def pending(audit: Audit, table: pd.DataFrame, *, count_cut: bool = True) -> list[Hashable]:
    """The circles of an audit that nobody has labelled, put aside or removed yet."""
    rows = table[table.index.isin(audit.handles)]
    waiting = (rows["label"] == "").to_numpy() & ~put_aside(rows, count_cut)
    left = set(rows.index[waiting])
    return [handle for handle in audit.handles if handle in left]


def audited(
    audit: Audit,
    table: pd.DataFrame,
    scheme: Scheme,
    thresholds: Thresholds,
    *,
    count_cut: bool = True,
) -> Audited:
    """Estimate the answer from an audit whose circles are reviewed.

    What was put aside or removed counts as no glomerulus, since it will not be in the answer.
    Circles of the frame that were reviewed after the draw, as the queue chose them, are taken by
    their predictions still: what the queue chooses is no random sample.

    Raises
    ------
    UserError
        If circles of the audit are still to be reviewed.
    """
    if left := pending(audit, table, count_cut=count_cut):
        raise UserError(
            f"{len(left)} of the {len(audit.handles)} circles of audit {audit.number} are still to "
            "be reviewed; label them, or mark them as uncertain or ungradable."
        )
    circles = expect(table, scheme, thresholds, count_cut=count_cut)
    found = pd.DataFrame({"g": circles.g, "s": circles.s}, index=table.index[circles.rows])
    frame = pd.DataFrame({"g": audit.g, "s": audit.s}, index=list(audit.frame))
    before = found[circles.reviewed & ~found.index.isin(audit.frame)]
    truth = found.reindex(list(audit.handles), fill_value=0.0)
    expected = frame.loc[list(audit.handles)]
    theta = ratio(truth.to_numpy(), expected.to_numpy(), frame.to_numpy(), before.sum().to_numpy())
    labelled = found.index.intersection(list(audit.handles), sort=False)
    differs = _kind(truth.loc[labelled], thresholds) != _kind(expected.loc[labelled], thresholds)
    return Audited(theta, wilson(int(differs.sum()), len(labelled)))


def _kind(rows: pd.DataFrame, thresholds: Thresholds) -> NDArray[np.intp]:
    """0: no glomerulus, 1: not sclerotic, 2: sclerotic."""
    sclerotic = (rows["s"] > rows["g"] / 2).to_numpy()
    there = (rows["g"] >= thresholds.glomerulus).to_numpy() & (rows["g"] > 0).to_numpy()
    return np.where(there, 1 + sclerotic, 0)
