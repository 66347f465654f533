"""A training in a process of its own is followed, left, found again, stopped and missed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_ggs.models import load_classifier
from napari_ggs.training import background
from napari_ggs.training.background import TrainingProcess
from napari_ggs.training.options import Options
from napari_ggs.training.record import Told, record_path
from napari_ggs.training.splits import TrainingError
from tests.posix import needs_sigkill
from tests.training.study import write_recipe, write_study

PATIENCE = 120.0


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"))


def wait_for(seen: Callable[[], object]) -> None:
    latest = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < latest
        time.sleep(0.02)


def options(study: Path, place: Path, epochs: int) -> Options:
    recipe = write_recipe(place / "tiny.toml", epochs)
    return Options(study, place / "m.safetensors", recipe=str(recipe), device="cpu")


@needs_sigkill
def test_it_is_left_found_again_killed_gone_on_with_and_stopped(
    study: Path, tmp_path: Path
) -> None:
    wanted = options(study, tmp_path, 400)
    process, told = TrainingProcess.start(wanted), list[Told]()
    wait_for(lambda: told.extend(process.steps()) or [t for t in told if t.step.confusion])
    assert process.state.name == "running"
    assert process.estimate is not None
    with pytest.raises(TrainingError, match="is being trained already"):
        TrainingProcess.start(wanted)
    later = TrainingProcess.attach(wanted.out)
    assert later is not None
    assert later.steps()[0] == told[0]
    assert later.state.name == "running"
    assert process._process is not None
    os.kill(process._process.pid, signal.SIGKILL)
    wait_for(lambda: process.state.name != "running")
    assert process.state.name == later.state.name == "failed"
    assert "ended from outside (code -9), most often for lack of memory" in process.state.message
    assert "ended from outside, most often" in later.state.message
    assert "What it had saved is kept" in later.state.message
    assert wanted.goes_on
    again = TrainingProcess.start(wanted)
    before = len(again.steps())
    wait_for(again.steps)
    assert before >= len(told)
    later.stop()
    wait_for(lambda: again.state.name != "running")
    assert again.state == later.state == ("stopped", "")
    assert load_classifier(wanted.out).card.name == "m"
    assert wanted.goes_on


def test_a_fault_is_one_line(tmp_path: Path) -> None:
    wanted = options(tmp_path / "none.ggs", tmp_path, 1)
    process = TrainingProcess.start(wanted)
    wait_for(lambda: process.state.name != "running")
    name, message = process.state
    assert name == "failed"
    assert message.count("\n") == 0
    assert message.startswith(f"There is no study {tmp_path / 'none.ggs'}")


def test_a_process_that_can_tell_nothing_is_heard_by_what_it_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Options, "words", lambda _: ["retrain", "--nonsense"])
    process = TrainingProcess.start(options(tmp_path / "none.ggs", tmp_path, 1))
    wait_for(lambda: process.state.name != "running")
    assert process.state.name == "failed"
    assert process.state.message


def test_where_nothing_was_trained_there_is_nothing_to_follow(tmp_path: Path) -> None:
    assert TrainingProcess.attach(tmp_path / "m.safetensors") is None


def test_a_record_that_was_begun_anew_is_read_anew(tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    step = (
        '{"told": "step", "stage": "training", "done": %d, "total": 9, "loss": 1.0, "merit": null'
    )
    step += ', "confusion": null, "seconds": 1.0, "seconds_left": null}\n'
    path = record_path(out)
    path.write_text('{"told": "began", "pid": 1, "at": 1}\n' + step % 1 + step % 2)
    process = TrainingProcess.attach(out)
    assert process is not None
    assert [told.step.done for told in process.steps()] == [1, 2]
    with path.open("a") as file:
        file.write(step % 3 + '{"told": "st')
    assert [told.step.done for told in process.steps()] == [3]
    assert process.steps() == []
    path.write_text('{"told": "began", "pid": 2, "at": 2}\n' + step % 1)
    assert [told.step.done for told in process.steps()] == [1]


def test_the_window_stays_without_torch() -> None:
    modules = ["background", "at_hand", "study_circles", "classifier_recipe", "steps"]
    imports = "; ".join(f"import napari_ggs.training.{name}" for name in modules)
    code = f"{imports}; import sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert background.NICENESS > 0
