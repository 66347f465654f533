"""A small study of drawn slides that readers have gone through."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Event, Labelled, Session
from napari_ggs.slides import open_slide
from napari_ggs.store import CaseStore, SlideInfo
from tests.review.test_kept_session import opened
from tests.training.drawings import KINDS, drawing

CELL, RADIUS = 128, 19.5
"""Pixels (1 um) between drawings, and the radius whose crop is a whole drawing of 64 px."""

RECIPE = """
task = "classification"
name = "tiny"
seed = 4
batch = 10
[network]
backbone = "test_efficientnet"
input_px = 64
dropout = 0.1
pretrained = false
[optimiser]
lr = 3e-3
[schedule]
stages = [{{ px = 64, epochs = {epochs} }}]
batches_per_epoch = {batches}
[[data]]
kind = "study"
study = "somewhere.ggs"
validation = 0.34
"""


def write_slide(path: Path, kinds: Sequence[str], seed: int = 0) -> None:
    """Draw one row of glomeruli on pink, 1 um/px."""
    rng = np.random.default_rng(seed)
    image = np.full((CELL, CELL * len(kinds), 3), (225, 190, 215), np.uint8)
    for place, kind in enumerate(kinds):
        left = place * CELL + 32
        image[32:96, left : left + 64] = drawing(kind, rng)
    micron = {"resolution": (10000.0, 10000.0), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(path, image, tile=(64, 64), photometric="rgb", **micron)


def rows(n: int) -> pd.DataFrame:
    """The circles of a row of drawings, all predicted normal with a score of .5."""
    circles = [((place + 0.5) * CELL, CELL / 2, RADIUS) for place in range(n)]
    p = np.tile([0.6, 0.1, 0.1, 0.1, 0.1], (n, 1))
    return glomeruli.build(circles, np.full(n, 0.5), p, GGS).set_axis(range(n))


def add_run(store: CaseStore, slide: int, n: int, **more: object) -> int:
    """A finished run that found the drawings."""
    run = store.begin_run(slide, GGS, {}, Thresholds(0.2, 0.5), **more)  # type: ignore[arg-type]
    store.add_circles(run, rows(n))
    store.finish_run(run, rows(n), {})
    return run


def add_slide(store: CaseStore, path: Path, patient: str) -> int:
    """Take a slide in as a window does."""
    with open_slide(path) as slide:
        size, key = (slide.width, slide.height), slide.fingerprint
    return store.add_slide(
        SlideInfo(key, path.stem, path, *size, 1.0), patient, f"of {patient}" * bool(patient)
    )


def did(store: CaseStore, run: int, *events: Event, who: str = "ann") -> Session:
    """Let a reader do something to a run."""
    session = opened(store, run, who)
    for event in events:
        session.apply(event)
    return session


def write_study(
    folder: Path,
    patients: Sequence[str] = ("Kim", "Lee", "Roe"),
    kinds: Sequence[str] = KINDS,
    each: int = 2,
    named: Sequence[str] | None = None,
) -> Path:
    """A study of a slide for each patient, whose circles were labelled as what they are.

    All of them, or those of the kinds that are `named`. A patient without a name is nobody's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with CaseStore.open(folder / "study.ggs") as store:
        for seed, patient in enumerate(patients):
            drawn = list(kinds) * each
            slide = folder / f"{patient or 'nobody'}.tif"
            write_slide(slide, drawn, seed)
            run = add_run(store, add_slide(store, slide, patient), len(drawn))
            labels = [
                Labelled(tuple(i for i, kind in enumerate(drawn) if kind == name), name)
                for name in (kinds if named is None else named)
            ]
            did(store, run, *labels)
    return folder / "study.ggs"


def write_recipe(path: Path, epochs: int = 2, batches: int = 3) -> Path:
    """A recipe for a tiny network that learns from a study."""
    path.write_text(RECIPE.format(epochs=epochs, batches=batches))
    return path
