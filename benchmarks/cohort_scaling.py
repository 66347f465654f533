"""How a cohort scales over workers, and what is full first.

    python benchmarks/cohort_scaling.py [--slides 40] [--keep FOLDER]

Writes phantom slides (or takes those that are in the folder), runs them in one process without
dask, then as a cohort on local clusters of one and of two workers, and compares the tables. Prints
seconds (without the start of the workers, which is told apart), speed-up, parts per second and the
peak memory of each worker. Then it measures what a slide costs the one driver, its study and the
scheduler, and works out at how many workers each would be full: for slides as these, and for
surgical specimens of 27 s of work and 419 MB (docs/performance.md).
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from distributed import get_task_stream

from napari_ggs.cohort import keeping
from napari_ggs.cohort.analysis import CROPS, TILES, Analysed
from napari_ggs.cohort.clusters import local
from napari_ggs.cohort.fleet import Fleet
from napari_ggs.cohort.holding import models_of
from napari_ggs.cohort.manifest import Entry
from napari_ggs.cohort.reporting import RunOfCohort
from napari_ggs.cohort.running import Cohort
from napari_ggs.cohort.shipping import unpack
from napari_ggs.cohort.work import Bundle, Work, choose_work
from napari_ggs.glomeruli import GEOMETRY
from napari_ggs.phantom import PhantomSlide, write_slide
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.slides import open_slide
from napari_ggs.store import CaseStore, NewTask, SlideInfo

SIDES = (3000.0, 2400.0)
"""Of a phantom, in microns; .5 um/px."""

FLEET, SLIDES = 200, 10_000
"""Workers and slides of the cohort that is worked out."""

SPECIMEN = (27.0, 419e6, 620, 900)
"""Seconds of a core, bytes, tiles and circles of a specimen of 15 x 12 mm at .25 um/px."""

DISK = 1e9
"""Bytes a second that shared storage gives to all together, if nothing better is known."""

EMPTY = 3000
"""Parts without work that the scheduler is timed with."""


Expected = dict[Path, tuple[SlideInfo, pd.DataFrame]]


class Cost(NamedTuple):
    """What a slide costs: a worker's seconds, bytes read, parts, and the driver's seconds."""

    seconds: float
    bytes: float
    parts: float
    driver: float


@contextmanager
def timed(what: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    what[name] = time.perf_counter() - start


def phantoms(folder: Path, number: int) -> list[Path]:
    """Phantom slides with other seeds; those that are there stay."""
    paths = [folder / f"phantom{seed:03d}.svs" for seed in range(number)]
    for seed, path in enumerate(paths):
        if not path.is_file():
            write_slide(PhantomSlide(*SIDES, mpp=0.5, seed=seed), path)
    return paths


def serial(paths: list[Path], work: Work) -> tuple[Expected, float]:
    """What one process finds on the slides, one after another, and the seconds."""
    found = {}
    start = time.perf_counter()
    for path in paths:
        with open_slide(path) as slide:
            *_, last = detect_and_classify(slide, *models_of(work), thresholds=work.thresholds)
            size = slide.width, slide.height, slide.mpp
            found[path] = SlideInfo(slide.fingerprint, slide.name, path, *size), last.table
    return found, time.perf_counter() - start


def peak() -> float:
    """Most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def on_workers(
    paths: list[Path], work: Work, bundle: Bundle, workers: int, study: Path
) -> dict[str, float]:
    """Run the cohort; figures of it."""
    figures: dict[str, float] = {}
    start = time.perf_counter()
    with local(workers) as client, CaseStore.open(study) as store:
        Fleet(client, bundle)
        client.run(models_of, work)  # so that only slides are timed
        figures["start"] = time.perf_counter() - start
        cohort = Cohort([*map(Entry, paths)], store, work, RunOfCohort([], study, study, work))
        jobs, before = cohort.plan(), time.thread_time()
        with timed(figures, "seconds"), get_task_stream(client) as stream:
            cohort.run(client, bundle, jobs, lambda _: None)
        figures["driver"] = (time.thread_time() - before) / len(paths)
        figures["parts"] = len(stream.data)
        figures["busy"] = sum(
            span["stop"] - span["start"]
            for part in stream.data
            for span in part["startstops"]
            if span["action"] == "compute"
        )
        figures["done"] = sum(task.state == "done" for task in cohort.tasks())
        figures |= {f"MB {i}": mb for i, mb in enumerate(client.run(peak).values())}
    return figures


def difference(study: Path, expected: Expected) -> str:
    """How far the tables of a study are from those of one process."""
    apart, circles = {"px": 0.0, "of scores": 0.0}, 0
    with CaseStore.open(study, create=False) as store:
        for task in store.tasks():
            found, table = store.table(task.run), expected[task.path][1]
            assert len(found) == len(table), f"{task.path}: {len(found)}, not {len(table)} circles"
            circles += len(table)
            p = [name for name in table if name.startswith("p_")]
            for names, unit in ((GEOMETRY, "px"), (["detection_score", *p], "of scores")):
                each = np.abs(found[names].to_numpy() - table[names].to_numpy())
                apart[unit] = max(apart[unit], float(np.nanmax(each, initial=0.0)))
    words = " and ".join(f"{most:.1e} {unit}" for unit, most in apart.items())
    return f"{circles} circles, apart by {words} at most"


def seconds_to_keep(found: Expected, work: Work, folder: Path) -> tuple[float, float]:
    """What one slide costs the study: seconds at least, and for each circle."""
    rows = []
    with CaseStore.open(folder / "writes.ggs") as store:
        for path, (info, table) in found.items():
            for copies in (1, 10):
                many = pd.concat([table] * copies, ignore_index=True)
                many["id"] = range(1, len(many) + 1)
                about = replace(info, fingerprint=f"{copies}{info.fingerprint}")
                entry = Entry(path, f"P{copies}", f"{path.stem} {copies}", mpp=float(copies))
                store.plan_tasks([NewTask(path, work.key(entry.mpp), "", {})])
                start = time.perf_counter()
                store.begin_task(path, work.key(entry.mpp))
                keeping.rehearse(store, entry, work, about)
                keeping.keep(store, entry, work, about, Analysed(many, 0.0, {}))
                rows.append((len(many), time.perf_counter() - start))
    slope, least = np.polyfit(*np.array(rows).T, 1)
    return float(max(least, 0.0)), float(slope)


def parts_a_second() -> float:
    """How many parts without work the scheduler of this machine gets done, with two workers."""
    with local(2) as client:
        client.gather(client.map(abs, range(100), pure=False))
        start = time.perf_counter()
        client.gather(client.map(abs, range(EMPTY), pure=False))
        return EMPTY / (time.perf_counter() - start)


def work_out(name: str, cost: Cost, parts_a_second: float) -> None:
    """Print what a slide costs and at how many workers each of the three is full."""
    pace = FLEET / cost.seconds
    print(f"\n{name}: {cost.seconds:.1f} s of a worker, {cost.bytes / 1e6:.0f} MB, ", end="")
    print(f"{cost.parts:.0f} parts, {1e3 * cost.driver:.0f} ms of the driver")
    print(f"  {SLIDES} slides on {FLEET} workers: {SLIDES / pace / 60:.0f} min, ", end="")
    print(f"{pace:.1f} slides/s if nothing else is full")
    shares = {
        "scheduler": pace * cost.parts / parts_a_second,
        "driver and study": pace * cost.driver,
        f"storage of {DISK / 1e9:g} GB/s": pace * cost.bytes / DISK,
    }
    for what, share in sorted(shares.items(), key=lambda item: -item[1]):
        print(f"  {what}: {100 * share:.0f} % in use, full at {FLEET / share:.0f} workers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slides", type=int, default=40)
    parser.add_argument("--keep", type=Path, help="keep the slides here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        paths = phantoms(folder, args.slides)
        size = sum(path.stat().st_size for path in paths) / len(paths)
        work, bundle = choose_work(device="cpu")
        unpack(bundle, Path(scratch))
        found, alone = serial(paths, work)
        print(f"{len(paths)} slides of {size / 1e6:.1f} MB; one process, no dask: {alone:.1f} s")
        figures: dict[str, float] = {}
        for workers in (1, 2):
            study = Path(scratch) / f"{workers}.ggs"
            before, figures = figures, on_workers(paths, work, bundle, workers, study)
            each = ", ".join(f"{v:.0f}" for name, v in figures.items() if name.startswith("MB"))
            print(
                f"{workers} workers: {figures['seconds']:.1f} s (start {figures['start']:.1f} s), "
                f"{figures['done']:.0f} done, {figures['parts'] / figures['seconds']:.1f} parts/s, "
                f"workers busy {100 * figures['busy'] / workers / figures['seconds']:.0f} %, "
                f"peak memory of each {each} MB; {difference(study, found)}"
            )
            if before:
                print(f"speed-up {before['seconds'] / figures['seconds']:.2f}")
        least, slope = seconds_to_keep(found, work, Path(scratch))
        rate = parts_a_second()
        parts = figures["parts"] / len(paths)
        print(
            f"study: {1e3 * least:.1f} ms a slide and {1e3 * slope:.3f} ms a circle; driver: "
            f"{1e3 * figures['driver']:.0f} ms of processor a slide; scheduler: {rate:.0f} parts/s"
        )
        circles = np.mean([len(table) for _, table in found.values()])
        driver = figures["driver"] + least + slope * circles
        work_out("as these", Cost(figures["busy"] / len(paths), size, parts, driver), rate)
        seconds, bytes_, tiles, circles = SPECIMEN
        many = 2 + -(-tiles // TILES) + -(-circles // CROPS)
        driver = figures["driver"] * many / parts + least + slope * circles
        work_out("surgical specimens", Cost(seconds, bytes_, many, driver), rate)


if __name__ == "__main__":
    main()
