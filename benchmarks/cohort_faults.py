"""What a cohort loses when something is killed: nothing, and nothing is there twice.

    python benchmarks/cohort_faults.py [--times N] [--slides N] [--out FILE]

Small phantom slides, one damaged file and one picture that no worker has the memory for go through
``napari-ggs cohort`` on a cluster of two workers: undisturbed, then N times with a worker killed at
a random moment (SIGKILL), then N times with the command itself killed and started again. After each
the study is verified, and its tables are compared with the undisturbed ones: a circle may be apart
by .5 px at most. The moments are drawn from the time that the undisturbed run took.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from distributed import Client
from PIL import Image

import figures
from figures import Figure
from napari_ggs.cohort.clusters import local
from napari_ggs.glomeruli import GEOMETRY
from napari_ggs.phantom import PhantomSlide, write_slide
from napari_ggs.store import CaseStore

MEMORY = "1.5GB"
"""Of a worker: the picture takes more."""

APART = 0.5
Tables = dict[str, np.ndarray]
Killer = Callable[[subprocess.Popen, Client], None]


class Outcome(NamedTuple):
    """What came of a cohort: slides in each state, runs beyond one of a slide, tables."""

    states: dict[str, str]
    twice: int
    tables: Tables
    sound: bool


def write_slides(folder: Path, number: int) -> Path:
    """Write the slides and a manifest of them."""
    names = [f"phantom{seed}.svs" for seed in range(number)]
    for seed, name in enumerate(names):
        write_slide(PhantomSlide(1500, 1200, mpp=0.5, seed=seed), folder / name)
    data = (folder / names[0]).read_bytes()
    (folder / "damaged.svs").write_bytes(data[: len(data) // 3])
    large = Image.new("RGBA", (8900, 8900), (170, 80, 150, 255))
    large.save(folder / "large.png", compress_level=1)
    lines = [f"{name}," for name in (*names, "damaged.svs")]
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join(["slide,mpp", *lines, "large.png,1.0", ""]), encoding="utf-8")
    return manifest


def command(manifest: Path, study: Path, client: Client) -> subprocess.Popen:
    """Start the cohort."""
    words = ["cohort", manifest, "--study", study, "--scheduler", client.scheduler.address]
    return subprocess.Popen(
        [sys.executable, "-m", "napari_ggs", *map(str, words), "--device", "cpu"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def outcome(study: Path) -> Outcome:
    """Read what a study has."""
    with CaseStore.open(study, create=False) as store:
        tasks = store.tasks()
        runs = [len(store.runs(slide.id)) for slide in store.slides()]
        tables = {
            task.path.name: store.table(task.run)[[*GEOMETRY, "detection_score"]].to_numpy(float)
            for task in tasks
            if task.state == "done"
        }
        states = {task.path.name: task.state for task in tasks}
        return Outcome(states, sum(runs) - len(runs), tables, store.verify() == [])


def same(found: Tables, expected: Tables) -> bool:
    """Whether tables agree."""
    return found.keys() == expected.keys() and all(
        found[name].shape == table.shape and np.abs(found[name] - table).max(initial=0) <= APART
        for name, table in expected.items()
    )


def kill_a_worker(_: subprocess.Popen, client: Client) -> None:
    """End one of the workers; dask starts another."""
    os.kill(random.choice([*client.run(os.getpid).values()]), signal.SIGKILL)


def kill_the_driver(driver: subprocess.Popen, _: Client) -> None:
    """End the command."""
    driver.kill()


def disturbed(manifest: Path, study: Path, client: Client, after: float, kill: Killer) -> Outcome:
    """Kill something after some seconds; where that was the command, give it again."""
    with command(manifest, study, client) as driver:
        try:
            driver.wait(after)
        except subprocess.TimeoutExpired:
            kill(driver, client)
    if driver.returncode == -signal.SIGKILL:
        with command(manifest, study, client):
            pass
    return outcome(study)


def counted(name: str, found: list[Outcome], expected: Outcome) -> Iterator[Figure]:
    """What was lost, and what is there twice, over all disturbances."""
    wanted = [slide for slide, state in expected.states.items() if state == "done"]
    lost = sum(each.states.get(slide) != "done" for each in found for slide in wanted)
    yield Figure(f"{name}: times", len(found))
    yield Figure(f"{name}: slides of {len(found) * len(wanted)} lost", lost, "", None, 0)
    yield Figure(f"{name}: there twice", sum(each.twice for each in found), "", None, 0)
    apart = sum(not same(each.tables, expected.tables) for each in found)
    yield Figure(f"{name}: other tables", apart, "", None, 0)
    told = sum(each.states == expected.states for each in found)
    yield Figure(f"{name}: reports true", told, "", len(found))
    yield Figure(f"{name}: studies sound", sum(each.sound for each in found), "", len(found))


def main() -> None:
    """Measure, print and write."""
    parser = figures.parser(__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--slides", type=int, default=6)
    given = parser.parse_args()
    random.seed(1)
    with tempfile.TemporaryDirectory() as scratch, local(2, MEMORY) as client:
        folder = Path(scratch)
        manifest = write_slides(folder, given.slides)
        with command(manifest, folder / "warm.ggs", client):
            pass  # the workers have the models now
        start = time.perf_counter()
        with command(manifest, folder / "whole.ggs", client):
            pass
        whole, expected = time.perf_counter() - start, outcome(folder / "whole.ggs")
        print(f"undisturbed: {whole:.1f} s; {expected.states}", flush=True)
        told = []
        for name, kill in (("worker", kill_a_worker), ("driver", kill_the_driver)):
            found = [
                disturbed(manifest, folder / f"{name}{i}.ggs", client, moment * whole, kill)
                for i, moment in enumerate(random.uniform(0.3, 1) for _ in range(given.times))
            ]
            told += counted(f"{name} killed", found, expected)
        figures.tell(told, given.out)


if __name__ == "__main__":
    main()
