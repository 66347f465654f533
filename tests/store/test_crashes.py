"""Real processes that write at once, run out of disk or are killed: nothing said is lost."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from napari_ggs.store import FIRST_DRAWN, CaseStore
from tests.store.studies import finished

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A study with a finished run of six circles, the first."""
    with CaseStore.open(tmp_path / "study.ggs") as store:
        finished(store)
    return store.path


def start(module: str, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-m", f"tests.store.{module}", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def said(lines: list[str]) -> dict[int, tuple[int, str]]:
    """Circle and kind of each event that a process spoke of, by id."""
    words = [line.split() for line in lines if line.endswith("\n")]
    return {int(event): (int(handle), kind) for event, handle, kind in words}


def kept(store: CaseStore) -> dict[int, tuple[int, str]]:
    return {event.id: (event.changes[0].handle, event.kind) for event in store.events(1)}


def test_two_processes_that_write_at_once_lose_nothing(path) -> None:
    writers = [start("writing", path, 1, who, 200) for who in ("ann", "bob")]
    outputs = [writer.communicate()[0].splitlines(keepends=True) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    spoken = [said(lines) for lines in outputs]
    assert [len(events) for events in spoken] == [200, 200]
    with CaseStore.open(path) as store:
        assert kept(store) == spoken[0] | spoken[1]
        assert len(kept(store)) == 400
        drawn = sorted(handle for handle, kind in kept(store).values() if kind == "drawn")
        assert drawn == list(range(FIRST_DRAWN, FIRST_DRAWN + 100))
        assert store.table(1)["id"].tolist() == list(range(1, 107))
        assert store.readers(1) == ["ann", "bob"]
        assert store.verify() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_disk_that_runs_full_loses_nothing_and_says_so(path) -> None:
    process = start("filling", path, 1)
    *ids, words, after, verified = process.communicate()[0].splitlines()
    assert process.returncode == 0
    assert "the disk gives an error: check its space" in words or "the disk is full" in words
    assert verified == "[]"
    with CaseStore.open(path) as store:
        noted = [event.id for event in store.events(1) if event.kind == "noted"]
        assert noted == [*map(int, ids), int(after)]
        assert len(ids) > 1
        assert store.verify() == []


def test_a_killed_process_loses_nothing_that_it_had_said(path) -> None:
    moments = random.Random(5)
    spoken: dict[int, tuple[int, str]] = {}
    for _ in range(5):
        writer = start("writing", path, 1, "ann", 100_000)
        lines = [writer.stdout.readline() for _ in range(moments.randrange(1, 60))]
        writer.kill()
        lines += writer.stdout.readlines()
        writer.wait()
        spoken |= said(lines)
        with CaseStore.open(path) as store:
            assert spoken.items() <= kept(store).items()
            # The last one may have been kept without a word.
            assert len(kept(store)) - len(spoken) <= 5
            assert store.verify() == []
    assert len(spoken) > 20
