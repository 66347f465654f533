"""Whatever is killed, full or missing: nothing is lost, nothing is twice, all of it is told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from distributed import Client
from PIL import Image

from napari_ggs.cohort.manifest import Entry
from napari_ggs.cohort.running import Progress, alone_with
from napari_ggs.cohort.work import Bundle, Work
from napari_ggs.errors import UserError
from napari_ggs.store import CaseStore, StoreError
from tests.cohort.making import run_cohort, runs_of, task_of, told
from tests.posix import resource

Chosen = tuple[Work, Bundle]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL, no limits")


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait until something is so."""
    latest = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < latest, "it does not come"
        time.sleep(0.05)


def pids(client: Client) -> set[int]:
    return set(client.run(os.getpid).values())


def write_manifest(path: Path, slides: list[Path]) -> Path:
    path.write_text("slide\n" + "".join(f"{slide}\n" for slide in slides))
    return path


def test_a_killed_worker_costs_nothing_but_time(
    client: Client, chosen: Chosen, store: CaseStore, slides: list[Path]
) -> None:
    before, killed = pids(client), set[int]()

    def kill_one(now: Progress) -> None:
        if now.running and not killed:
            killed.add(min(before))
            os.kill(min(before), signal.SIGKILL)

    cohort = run_cohort(client, chosen, store, slides, kill_one)
    assert set(told(cohort).values()) == {"done"}
    assert runs_of(store) == [1, 1, 1, 1]
    assert store.verify() == []
    wait_for(lambda: len(pids(client)) == 2)
    assert pids(client).isdisjoint(killed)


def write_picture(path: Path) -> Path:
    """A field of 79 megapixels with transparency, which takes 1.6 GB to open."""
    Image.new("RGBA", (8900, 8900), (170, 80, 150, 255)).save(path, compress_level=1)
    return path


def test_a_slide_that_workers_die_over_fails_and_takes_no_other_with_it(
    client: Client, chosen: Chosen, store: CaseStore, slides: list[Path], tmp_path: Path
) -> None:
    large = write_picture(tmp_path / "large.png")
    cohort = run_cohort(client, chosen, store, [Entry(large, mpp=1.0), *slides])
    states = told(cohort)
    assert states.pop("large.png") == "failed"
    assert set(states.values()) == {"done"}
    assert "it takes more memory than they have (1.40 GiB each)" in task_of(store, large).reason
    assert cohort.code == 2
    assert runs_of(store) == [1, 1, 1, 1]


def test_a_killed_driver_loses_nothing_and_the_command_goes_on(
    client: Client, chosen: Chosen, slides: list[Path], tmp_path: Path
) -> None:
    study = tmp_path / "study.ggs"
    manifest = write_manifest(tmp_path / "manifest.csv", slides)
    words = [manifest, "--study", study, "--scheduler", client.scheduler.address]
    command = [sys.executable, "-m", "napari_ggs", "cohort", *map(str, words), "--device", "cpu"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as driver:
        wait_for(lambda: study.is_file() and _states(study).count("done") > 0)
        driver.kill()
    assert driver.returncode == -signal.SIGKILL
    kept = _states(study).count("done")
    with CaseStore.open(study) as store:
        assert store.verify() == []
        assert runs_of(store) == [1] * kept
        cohort = run_cohort(client, chosen, store, slides)
        assert set(told(cohort).values()) == {"done"}
        assert cohort.about.before == kept
        assert runs_of(store) == [1, 1, 1, 1]


def _states(study: Path) -> list[str]:
    with CaseStore.open(study) as store:
        return [task.state for task in store.tasks()]


@contextmanager
def full(path: Path, room: int) -> Iterator[None]:
    """No file of this process may grow beyond what `path` has, and so many bytes more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_it_and_with_room_it_goes_on(
    client: Client, chosen: Chosen, store: CaseStore, slides: list[Path]
) -> None:
    run_cohort(client, chosen, store, slides[:1])
    log = store.path.with_name(f"{store.path.name}-wal")
    with full(log, 30_000), pytest.raises(StoreError, match=r"check its space|disk is full"):
        run_cohort(client, chosen, store, slides)
    assert store.verify() == []
    assert 1 <= len(runs_of(store)) < 4
    cohort = run_cohort(client, chosen, store, slides)
    assert set(told(cohort).values()) == {"done"}
    assert runs_of(store) == [1, 1, 1, 1]


def test_a_worker_without_room_for_the_models_gets_no_work(
    client: Client, chosen: Chosen, store: CaseStore, slides: list[Path], tmp_path: Path
) -> None:
    def poor() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    command = [
        sys.executable, "-m", "distributed.cli.dask_worker", client.scheduler.address,
        "--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path), "--no-dashboard",
    ]  # fmt: skip
    with subprocess.Popen(command, preexec_fn=poor, stderr=subprocess.DEVNULL) as worker:
        wait_for(lambda: len(pids(client)) == 3)
        try:
            cohort = run_cohort(client, chosen, store, slides)
        finally:
            worker.kill()
    assert set(told(cohort).values()) == {"done"}
    assert cohort.about.workers == 2
    assert "File too large" in cohort.about.remark
    wait_for(lambda: len(pids(client)) == 2)


def test_one_command_at_a_time_drives_a_study(tmp_path: Path) -> None:
    with (
        alone_with(tmp_path / "study.ggs"),
        pytest.raises(UserError, match="Another napari-ggs cohort writes to"),
        alone_with(tmp_path / "study.ggs"),
    ):
        pass
