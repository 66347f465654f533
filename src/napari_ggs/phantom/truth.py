"""The true circles of a phantom slide."""

from dataclasses import asdict, fields
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs.lesions import GGS
from napari_ggs.phantom.glomerulus import outline_mask
from napari_ggs.phantom.latents import Latents, label_of
from napari_ggs.phantom.layout import Layout
from napari_ggs.phantom.places import Place

COLUMNS = (
    "id", "x", "y", "radius", "label", "kind", "cut", *(f.name for f in fields(Latents)),
)  # fmt: skip
"""Columns of the table of true circles; see `true_circles`."""

_STEP = 1.0
"""um per pixel of the masks whose area and centroid are measured."""

_WHOLE = 0.97
"""Share of a glomerulus that must be on the slide for it not to be cut."""


class Circle(NamedTuple):
    """The circle of a mask's area at its centroid, um, and the share of the mask that is seen."""

    x: float
    y: float
    radius: float
    seen: float


def true_circles(layout: Layout, size_um: tuple[float, float], mpp: float) -> pd.DataFrame:
    """Return one row per glomerulus of which something is on the slide.

    Returns
    -------
    DataFrame
        ``id`` by (y, x), from 1; ``x``, ``y``, ``radius`` in level-0 px at `mpp`: the disc with
        the area of what is seen of the glomerulus, at its centroid; ``label`` in the GGS scheme;
        ``kind`` as drawn, where "periglomerular fibrosis" is told from "normal" (the GGS scheme
        has no such class: its label is "normal"); ``cut`` if the edge of the tissue or of the
        canvas takes some of it; then the latents (see `Latents`), lengths in um.
    """
    rows = []
    for place in layout.glomeruli:
        circle = _circle(place, layout, size_um)
        if circle is not None and place.latents is not None:
            rows.append(_row(circle, place.latents, mpp))
    table = pd.DataFrame(rows, columns=COLUMNS[1:])
    table = table.sort_values(["y", "x"], ignore_index=True)
    table.insert(0, "id", np.arange(1, len(table) + 1))
    return table


def _row(circle: Circle, latents: Latents, mpp: float) -> dict[str, object]:
    kind = label_of(latents)
    return {
        "x": circle.x / mpp,
        "y": circle.y / mpp,
        "radius": circle.radius / mpp,
        "label": kind if kind in GGS else "normal",
        "kind": kind,
        "cut": circle.seen < _WHOLE,
        **asdict(latents),
    }


def _circle(place: Place, layout: Layout, size_um: tuple[float, float]) -> Circle | None:
    mask, x, y = _mask(place)
    here = layout.tissue(x, y) > 0
    here &= ((x >= 0) & (x < size_um[0]))[None, :] & ((y >= 0) & (y < size_um[1]))[:, None]
    rows, columns = np.nonzero(mask & here)
    if not len(rows):
        return None
    radius = float(np.sqrt(len(rows) / np.pi)) * _STEP
    return Circle(
        float(x[columns].mean(dtype=float)),
        float(y[rows].mean(dtype=float)),
        radius,
        len(rows) / int(mask.sum()),
    )


def _mask(place: Place) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32]]:
    """Return a glomerulus's mask, and the positions (um) of its columns and rows."""
    assert place.latents is not None
    mask = outline_mask(place.latents, _STEP, np.random.default_rng(place.seed))
    y, x = (
        (middle + (np.arange(n) + 0.5 - n / 2) * _STEP).astype(np.float32)
        for n, middle in zip(mask.shape, (place.y, place.x), strict=True)
    )
    return mask, x, y
