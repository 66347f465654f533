"""The work on one slide as a sequence of parts, whoever computes them.

Tiles are shared out, what they show is settled, the circles that stay are shared out again: so
several workers are at a large slide at once, and it does not hold the end of a cohort back.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.cohort import computing
from napari_ggs.cohort.computing import Found, Named, Survey
from napari_ggs.cohort.holding import Place
from napari_ggs.cohort.work import Work
from napari_ggs.slides.tissue import Box

TILES, CROPS = 64, 128
"""Tiles and crops of one part: seconds to a minute of one core's work, and a few hundred megabytes
to read and let go of. Whole batches, so that the networks see the same batches of tiles as where
one process does all."""


class Call(NamedTuple):
    """A part: what to compute, and how far in the work it is (later parts go first)."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    stage: int


class Analysed(NamedTuple):
    """What came of a slide.

    Attributes
    ----------
    table : DataFrame
        A Glomeruli table, numbered; the index holds the handles.
    missed : float
        Share of the tissue, 0 to 1, that was not analysed.
    seconds : dict of str to float
        "survey", "detector" and "classifier": of the parts together, reading included.
    """

    table: pd.DataFrame
    missed: float
    seconds: dict[str, float]


Analysis = Generator[list[Call], list[Any], Analysed]
"""Gives parts that can be computed at once, takes their results in the same order, and so on."""


def surveying(place: Place, work: Work) -> Call:
    """The first part: what there is to do."""
    return Call(computing.survey, (place, work), 0)


def analysis(
    place: Place, work: Work, seen: Survey, tiles: int = TILES, crops: int = CROPS
) -> Analysis:
    """The parts after the survey.

    Parameters
    ----------
    place : Place
    work : Work
    seen : Survey
    tiles, crops : int
        The most that one part has.
    """
    found: list[Found] = yield [
        Call(computing.find_circles, (place, work, seen.tiles[at : at + tiles]), 1)
        for at in range(0, len(seen.tiles), tiles)
    ]
    ((circles, scores),) = yield [Call(computing.settle, (found,), 2)]
    named: list[Named] = yield [
        Call(
            computing.name_circles,
            (place, work, circles[at : at + crops], scores[at : at + crops]),
            3,
        )
        for at in range(0, len(circles), crops)
    ]
    missed = seen.missed
    if unread := _united(seen, *found, *named):
        cores = [tile.core for tile in seen.tiles]
        (missed,) = yield [Call(computing.missed, (place, cores, unread), 4)]
    p = [part.probabilities for part in named]
    rows = glomeruli.build(
        circles, scores, np.concatenate(p) if p else [], work.scheme, work.thresholds.glomerulus
    )
    return Analysed(glomeruli.numbered(rows), missed, _seconds(seen, found, named))


def _united(*parts: Survey | Found | Named) -> list[Box]:
    """The tiles that any process could not read."""
    return sorted({box for part in parts for box in part.unread})


def _seconds(seen: Survey, found: Sequence[Found], named: Sequence[Named]) -> dict[str, float]:
    return {
        "survey": seen.seconds,
        "detector": sum(part.seconds for part in found),
        "classifier": sum(part.seconds for part in named),
    }
