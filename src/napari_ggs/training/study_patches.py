"""Patches of a study: cut straight from its slides, at the circles that people labelled."""

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from napari_ggs.glomeruli import GEOMETRY, MARGIN_UM
from napari_ggs.slides import Slide
from napari_ggs.store import CaseStore, StoredSlide
from napari_ggs.store.locating import open_stored
from napari_ggs.store.patient_keys import slide_key
from napari_ggs.training.augment import Images
from napari_ggs.training.mapped import mapped
from napari_ggs.training.patches import CONTEXT, PATCH_PX, PatchSet
from napari_ggs.training.sources import Study
from napari_ggs.training.study_circles import HUMAN, OPEN, all_places

logger = logging.getLogger(__name__)


class Cut(NamedTuple):
    """What is known of a patch beside its pixels."""

    label: str
    patient: str
    slide: str
    name: str


def study_patches(source: Study) -> PatchSet:
    """Cut the patches of a study; the patients go by their keys.

    The middle of each is the crop that a classifier sees. Patches of which some pixels cannot be
    read are left out, with a warning. The pixels go to disk (`mapped`).

    Raises
    ------
    UserError
        If the study cannot be read, or the file of a slide is not found.
    """
    source.refuse_missing()
    cuts: list[Cut] = []
    with CaseStore.open(source.study, create=False) as store:
        keys = source.kept_patients(store)
        wanted = [
            (slide, _chosen(found, source.predicted))
            for slide, found in all_places(store, source.reviewer)
            if slide.patient in keys
        ]
    pixels = mapped(_read(wanted, keys, source, cuts), PATCH_PX)
    columns = [np.array(column, dtype=np.str_) for column in zip(*cuts, strict=True)]
    labels, patients, slides, names = columns or [np.array([], np.str_)] * 4
    n = len(cuts)
    context, once = np.full(n, CONTEXT, np.float32), np.ones(n, np.int64)
    return PatchSet(pixels, np.arange(n), labels, patients, context, once, names, slides)


def _chosen(found: pd.DataFrame, predicted: bool) -> pd.DataFrame:
    """The places that teach, with the class that they teach."""
    human = found["standing"] == HUMAN
    guessed = predicted & (found["standing"] == OPEN) & found["shown"] & (found["predicted"] != "")
    return found.assign(label=found["label"].where(human, found["predicted"]))[human | guessed]


def _read(
    wanted: list[tuple[StoredSlide, pd.DataFrame]],
    keys: dict[str, str],
    source: Study,
    cuts: list[Cut],
) -> Iterator[Images]:
    """The patches, slide by slide; what is known of each goes to `cuts`."""
    for stored, table in wanted:
        if not len(table):
            continue
        patient, key, before = keys[stored.patient], slide_key(stored.fingerprint), len(cuts)
        with open_stored(stored, source.slides) as slide:
            for row in table.to_dict("records"):
                pixels, whole = _patch(slide, row)
                if whole:
                    name = f"{patient}/{key}/{row['run']}-{row['id']}"
                    cuts.append(Cut(row["label"], patient, key, name))
                    yield pixels
        if lost := len(table) - (len(cuts) - before):
            logger.warning("%s: %d labelled circles touch unreadable pixels", stored.name, lost)


def _patch(slide: Slide, row: dict[Any, Any]) -> tuple[Images, bool]:
    """The pixels around a circle; whether all could be read."""
    x, y, radius = (float(row[axis]) for axis in GEOMETRY)
    reach = (radius + MARGIN_UM / slide.require_mpp()) * CONTEXT
    side = PATCH_PX
    return slide.read_checked(x - reach, y - reach, side, side, 2 * reach / side)
