"""A slide that the study of the preferences knows, with any number of circles."""

from pathlib import Path

import numpy as np
import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.phantom import PhantomSlide, write_slide
from napari_ggs.slides import open_slide
from napari_ggs.store import CaseStore, SlideInfo

WIDTH, HEIGHT, MPP = 8000, 6000, 1.0


def make_slide(folder: Path, seed: int = 3) -> Path:
    """A phantom of 8 x 6 mm at 1 um/px."""
    path = folder / "phantom.svs"
    write_slide(PhantomSlide(WIDTH, HEIGHT, mpp=MPP, seed=seed), path)
    return path


def rows_of(n: int) -> pd.DataFrame:
    """Circles at random, a fifth in each class, as sure as a classifier is."""
    rng = np.random.default_rng(0)
    places = rng.uniform((100, 100), (WIDTH - 100, HEIGHT - 100), (n, 2))
    circles = np.column_stack([places, rng.uniform(40, 110, n)])
    own = np.eye(len(GGS.classes))[np.arange(n) % len(GGS.classes)]
    p = 0.8 * own + 0.2 * rng.dirichlet(np.ones(len(GGS.classes)), n)
    return glomeruli.build(circles, np.ones(n), p, GGS).set_axis(range(n))


def keep(path: Path, study: Path, n: int) -> None:
    """Let a study know the slide, with one run of so many circles."""
    study.parent.mkdir(parents=True, exist_ok=True)
    with open_slide(path) as slide, CaseStore.open(study) as store:
        size = slide.width, slide.height, slide.mpp
        added = store.add_slide(SlideInfo(slide.fingerprint, slide.name, slide.path, *size))
        run = store.begin_run(added, GGS, {}, Thresholds(), None)
        store.add_circles(run, rows_of(n))
        store.finish_run(run, rows_of(n), {})
