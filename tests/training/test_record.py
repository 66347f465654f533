"""The record of a training tells how it goes and how it ended, whoever reads it."""

import json
import logging
import math
import os
import time
from pathlib import Path

import pytest

from napari_ggs.errors import UserError
from napari_ggs.training.locking import held, is_held
from napari_ggs.training.record import record_path, recorded, stop_path, told_of
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.steps import Confusion, StoppedError, TrainingStep


def lines(out: Path) -> list[dict]:
    return [json.loads(line) for line in record_path(out).read_text().splitlines()]


def test_steps_read_back_as_they_were(tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    told = [
        TrainingStep("data", 1, 1),
        TrainingStep("training", 1, 8, 0.5),
        TrainingStep("training", 4, 8, 0.25, 0.75, Confusion(("a", "b"), ((1, 0), (2, 3)))),
        TrainingStep("training", 8, 8, 0.125, 0.75),
    ]
    with recorded(out) as record:
        for step in told:
            record.step(step)
    first, *steps, last = lines(out)
    assert (first["told"], first["pid"]) == ("began", os.getpid())
    assert last == {"told": "ended", "how": "done", "words": ""}
    read = [told_of(line) for line in steps]
    assert [r.step.done for r in read] == [1, 4, 8], "a step that says nothing new is left out"
    assert read[1].step == told[2]
    assert math.isnan(read[0].step.loss)
    assert read[-1].seconds_left == 0


def test_the_time_left_follows_the_pace(tmp_path: Path) -> None:
    with recorded(tmp_path / "m.safetensors") as record:
        record.step(TrainingStep("training", 10, 100, 1.0, 0.1))
        time.sleep(0.1)
        record.step(TrainingStep("training", 20, 100, 1.0, 0.2))
    first, second = (told_of(line) for line in lines(tmp_path / "m.safetensors")[1:-1])
    assert math.isnan(first.seconds_left)
    assert 0.8 <= second.seconds_left < 8


@pytest.mark.parametrize(
    ("fault", "how", "words"),
    [
        (UserError("The disk is full."), "failed", "The disk is full."),
        (StoppedError("Stopped before."), "stopped", "Stopped before."),
        (MemoryError(), "failed", "ran out of memory. What it had saved is kept"),
        (ValueError("odd"), "failed", "ValueError: odd. What it had saved is kept"),
    ],
)
def test_a_training_that_broke_off_says_why(
    tmp_path: Path, fault: Exception, how: str, words: str
) -> None:
    out = tmp_path / "m.safetensors"
    with pytest.raises(type(fault)), recorded(out):
        raise fault
    assert lines(out)[-1]["how"] == how
    assert words in lines(out)[-1]["words"]
    assert not is_held(record_path(out))


def test_warnings_are_told(tmp_path: Path) -> None:
    with recorded(tmp_path / "m.safetensors"):
        logging.getLogger("napari_ggs.training.splits").warning("%s is rare", "solidified")
    assert lines(tmp_path / "m.safetensors")[1] == {
        "told": "warning",
        "words": "solidified is rare",
    }


def test_a_file_stops_it_and_goes(tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    with recorded(out) as record:
        assert not record.stopped()
        stop_path(out).touch()
        latest = time.monotonic() + 5
        while not record.stopped() and time.monotonic() < latest:
            time.sleep(0.02)
    assert lines(out)[-1]["how"] == "stopped"
    assert not stop_path(out).exists()


def test_a_wish_from_before_is_not_meant_for_this_training(tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    stop_path(out).touch()
    os.utime(stop_path(out), (1, 1))
    with recorded(out) as record:
        assert not record.stopped()


def test_a_record_goes_on_or_begins_anew(tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    for fresh, began in ((False, 1), (False, 2), (True, 1)):
        with recorded(out, fresh=fresh):
            pass
        assert [line["told"] for line in lines(out)].count("began") == began


def test_two_cannot_train_one_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_ggs.training.locking.PATIENCE", 0.1)
    path = tmp_path / "m.progress.jsonl"
    assert not is_held(path)
    with held(path):
        assert is_held(path)
        with pytest.raises(TrainingError, match="Another process is training"), held(path):
            pass
    assert not is_held(path)
