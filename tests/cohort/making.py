"""Small slides, runs of a cohort over them, and what came of them."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from distributed import Client

from napari_ggs.cancelling import Cancelled, never
from napari_ggs.cohort.holding import models_of
from napari_ggs.cohort.manifest import Entry
from napari_ggs.cohort.reporting import RunOfCohort
from napari_ggs.cohort.running import Cohort, Progress
from napari_ggs.cohort.work import Bundle, Work
from napari_ggs.glomeruli import GEOMETRY
from napari_ggs.pipeline import Progress as Step
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.slides import open_slide
from napari_ggs.store import CaseStore, StoredTask

MICRON = {"resolution": (10_000.0, 10_000.0), "resolutionunit": "CENTIMETER"}


def write_slide(path: Path, pixels: np.ndarray) -> Path:
    """Write a slide of one level at 1 um/px."""
    given = {"tile": (256, 256), "photometric": "rgb", "compression": "zlib"}
    tifffile.imwrite(path, pixels, **given, **MICRON)
    return path


def in_one(path: Path, work: Work, mpp: float | None = None) -> Step:
    """What one process that does all finds on a slide."""
    with open_slide(path, mpp) as slide:
        *_, last = detect_and_classify(slide, *models_of(work), thresholds=work.thresholds)
    return last


def run_cohort(
    client: Client,
    chosen: tuple[Work, Bundle],
    store: CaseStore,
    entries: Iterable[Entry | Path],
    tell: Callable[[Progress], None] = lambda _: None,
    cancelled: Cancelled = never,
) -> Cohort:
    """Run a cohort as the command does."""
    work, bundle = chosen
    listed = [entry if isinstance(entry, Entry) else Entry(entry) for entry in entries]
    about = RunOfCohort(["napari-ggs", "cohort"], store.path.parent, store.path, work)
    cohort = Cohort(listed, store, work, about)
    jobs = cohort.plan()
    if jobs:
        cohort.run(client, bundle, jobs, tell, cancelled)
    return cohort


def told(cohort: Cohort) -> dict[str, str]:
    """The state of each slide, by its file's name."""
    return {task.path.name: task.state for task in cohort.tasks()}


def task_of(store: CaseStore, path: Path) -> StoredTask:
    [task] = [task for task in store.tasks() if task.path == path]
    return task


def runs_of(store: CaseStore) -> list[int]:
    """How many runs each slide of a study has; all are finished."""
    runs = [store.runs(slide.id) for slide in store.slides()]
    assert all(run.finished for each in runs for run in each)
    return [len(each) for each in runs]


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Two tables of a slide are the same, but for what engines and batches change."""
    assert found["id"].tolist() == expected["id"].tolist()
    numbers = [*GEOMETRY, "detection_score", *(n for n in expected if n.startswith("p_"))]
    np.testing.assert_allclose(found[numbers], expected[numbers], atol=0.01)
