"""Which circles of a case are shown as pictures, and under which heading."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.circles import Array
from napari_ggs.glomeruli import STAYING_OUT
from napari_ggs.lesions import NON_GLOMERULUS, Lesion, Scheme
from napari_ggs.report.case_reading import CaseReading, SlideReading
from napari_ggs.review.expectations import put_aside
from napari_ggs.review.queue import rank

PER_GROUP = 24
"""Pictures under one heading: six rows of a printed page."""

APART = "apart"
APART_TITLE = "Set apart: uncertain, ungradable, duplicate, cut, or without a class"
REJECTED_TITLE = "Not a glomerulus"


@dataclass(frozen=True)
class Shot:
    """A circle that is shown as a picture.

    Attributes
    ----------
    slide : int
        The number of its slide in the case.
    handle : int
    row : dict
        Its row of the slide's table.
    """

    slide: int
    handle: int
    row: dict[Hashable, Any]


@dataclass(frozen=True)
class Group:
    """Circles under one heading.

    Attributes
    ----------
    name : str
        A class, or `APART`.
    title : str
    lesion : Lesion or None
    total : int
        Circles that belong there.
    shots : tuple of Shot
        Those that are shown.
    """

    name: str
    title: str
    lesion: Lesion | None
    total: int
    shots: tuple[Shot, ...]

    @property
    def rest(self) -> int:
        """How many are not shown."""
        return self.total - len(self.shots)


def standing(one: SlideReading) -> pd.Series:
    """Under which heading each circle of a slide is: a class, `APART`, or "" for none.

    Those that are removed, and those below the detection threshold, are under none.
    """
    table, run = one.table, one.run
    aside = put_aside(table, one.count_cut)
    kept = glomeruli.passes(table, run.thresholds).to_numpy() & ~aside
    names = (
        glomeruli.classes_in_force(table)
        .where(kept, "")
        .mask(glomeruli.unclassified(table, run.thresholds) & ~aside, APART)
    )
    judged = table["assessment"].isin(STAYING_OUT) | (table["assessment"] == "cut")
    return names.mask(judged & aside & ~table["removed"].astype(bool), APART)


def groups(case: CaseReading, most: int = PER_GROUP) -> list[Group]:
    """The pictures of a case, by class in class order, then what is set apart, then rejected.

    First under each heading come circles that a person named otherwise than the model, then as the
    Review dock would lead through them: what could change the answer most, the reviewed at the end.

    Parameters
    ----------
    case : CaseReading
    most : int
        Pictures under one heading.
    """
    every = pd.concat([_rows(one) for one in case.slides], ignore_index=True)
    schemes = [case.scheme, *(one.run.scheme for one in case.left_out)]
    lesions = {lesion.name: lesion for scheme in schemes for lesion in scheme.lesions}
    rejected = lesions.pop(NON_GLOMERULUS, None)
    found = [_group(every, name, one.title, one, most) for name, one in lesions.items()]
    found.append(_group(every, APART, APART_TITLE, None, most))
    if rejected is not None:
        found.append(_group(every, NON_GLOMERULUS, REJECTED_TITLE, rejected, most))
    return found


def _rows(one: SlideReading) -> pd.DataFrame:
    """The circles of a slide with their headings and their places in the walk."""
    order = rank(one.table, one.run.scheme, one.run.thresholds, count_cut=one.count_cut)
    place = pd.Series(np.arange(len(order)), index=order).reindex(one.table.index)
    label = one.table["label"]
    return one.table.assign(
        heading=standing(one),
        chance=chance(one.table, one.run.scheme),
        slide=one.number,
        handle=one.table.index,
        agrees=(label == "") | (label == one.table["predicted"]),
        walk=place.fillna(len(order)),
    )


def chance(table: pd.DataFrame, scheme: Scheme) -> Array:
    """The probability of the class that the model predicts, shape (n,); NaN without one."""
    p = table[list(scheme.columns)].to_numpy(dtype=float)
    place = pd.Index(scheme.classes).get_indexer(pd.Index(table["predicted"]))
    return np.where(place < 0, np.nan, p[np.arange(len(p)), place])


def _group(every: pd.DataFrame, name: str, title: str, lesion: Lesion | None, most: int) -> Group:
    rows = every[every["heading"] == name].sort_values(["agrees", "walk", "slide", "id"])
    return Group(name, title, lesion, len(rows), tuple(_shots(rows.head(most))))


def _shots(rows: pd.DataFrame) -> Sequence[Shot]:
    return [Shot(row["slide"], row["handle"], row) for row in rows.to_dict("records")]
