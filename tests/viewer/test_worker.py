"""The job runs in a process of its own, and its end is always told."""

import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from napari_ggs.glomeruli import Thresholds
from napari_ggs.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from napari_ggs.viewer.messages import Job, Step
from napari_ggs.viewer.worker import Worker

LONG = 60_000


@pytest.fixture
def job(kidney: Path) -> Job:
    return Job(kidney, 1.0, DEFAULT_DETECTOR, DEFAULT_CLASSIFIER, Thresholds())


def test_napari_s_process_never_imports_torch() -> None:
    modules = "napari_ggs.viewer.detect_dock, napari_ggs.viewer.reader, napari_ggs.viewer.sample"
    check = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_a_region_is_looked_at_and_nothing_else(job: Job, qtbot: QtBot) -> None:
    region = (500.0, 400.0, 700.0, 600.0)
    worker = Worker(Job(job.slide, job.mpp, job.detector, job.classifier, job.thresholds, region))
    steps: list[Step] = []
    worker.stepped.connect(steps.append)
    with qtbot.waitSignal(worker.ended, timeout=LONG):
        worker.start()
    table = steps[-1].table
    assert table is not None
    assert steps[-1].done == steps[-1].total
    assert table["x"].between(500, 1200).all()
    assert table["y"].between(400, 1000).all()
    assert sum(len(step.rows) for step in steps) == len(table)
    assert steps[-1].seconds["detector"] > 0


def test_a_process_that_is_killed_is_told_in_plain_words(job: Job, qtbot: QtBot) -> None:
    worker = Worker(job)
    with qtbot.waitSignals([worker.failed, worker.ended], timeout=LONG, order="strict") as told:
        worker.start()
        worker._process.kill()
    assert "memory" in told.all_signals_and_args[0].args[0]


def assert_fails(worker: Worker, qtbot: QtBot) -> str:
    """Run a job that must fail and end; what is said of it."""
    with qtbot.waitSignals([worker.failed, worker.ended], timeout=LONG, order="strict") as told:
        worker.start()
    return told.all_signals_and_args[0].args[0]


def test_a_process_that_cannot_be_started_is_told(
    job: Job, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/python")
    assert "/no/python" in assert_fails(Worker(job), qtbot)


def test_a_process_that_ends_by_a_fault_is_not_told_as_a_lack_of_memory(
    job: Job, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_ggs.viewer.worker.CHILD", "no_such_module")
    words = assert_fails(Worker(job), qtbot)
    assert "code 1" in words
    assert "memory" not in words


def test_what_cannot_be_understood_ends_the_run(
    job: Job, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    says = """import sys, time
sys.stdout.buffer.write(b"cno_such_module\\nThing\\n.")
sys.stdout.flush()
time.sleep(600)
"""
    (tmp_path / "stranger.py").write_text(says)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("napari_ggs.viewer.worker.CHILD", "stranger")
    worker = Worker(job)
    assert "no_such_module" in assert_fails(worker, qtbot)
    assert worker._process.poll() is not None


def test_a_job_that_is_cancelled_before_it_begins_just_ends(job: Job, qtbot: QtBot) -> None:
    worker = Worker(job)
    worker.cancel()
    with qtbot.assertNotEmitted(worker.failed), qtbot.waitSignal(worker.ended, timeout=LONG):
        worker.start()


def test_a_job_that_is_cancelled_at_once_ends_without_a_complaint(job: Job, qtbot: QtBot) -> None:
    worker = Worker(job)
    with qtbot.assertNotEmitted(worker.failed), qtbot.waitSignal(worker.ended, timeout=LONG):
        worker.start()
        worker.cancel()
