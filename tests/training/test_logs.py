"""The log of a training: one row a step, whatever happens in between."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from napari_ggs.errors import UserError
from napari_ggs.training.logs import TrainingLog, log_path

NAN = float("nan")


def written(path: Path, *steps: int) -> None:
    log = TrainingLog(path)
    for step in steps:
        log.row(step, loss=step / 3, merit=NAN if step % 2 else 0.5)


def test_rows_are_whole_and_exact(tmp_path: Path) -> None:
    written(tmp_path / "m.log.csv", 1, 2)
    text = (tmp_path / "m.log.csv").read_text()
    assert text == f"step,loss,merit\n1,{1 / 3!r},\n2,{2 / 3!r},0.5\n"


def test_a_training_that_goes_on_has_no_step_twice_or_missing(tmp_path: Path) -> None:
    written(tmp_path / "a.log.csv", *range(1, 10))
    written(tmp_path / "b.log.csv", *range(1, 8))
    with (tmp_path / "b.log.csv").open("a") as file:
        file.write("8,2.66")  # the process was killed here
    written(tmp_path / "b.log.csv", *range(5, 10))
    assert (tmp_path / "b.log.csv").read_text() == (tmp_path / "a.log.csv").read_text()


def test_a_new_training_begins_a_new_log(tmp_path: Path) -> None:
    written(tmp_path / "m.log.csv", *range(1, 10))
    written(tmp_path / "m.log.csv", 1)
    assert len((tmp_path / "m.log.csv").read_text().splitlines()) == 2
    TrainingLog(tmp_path / "m.log.csv").row(2, other=1.0)
    assert (tmp_path / "m.log.csv").read_text() == "step,other\n2,1.0\n"


def test_tensorboard_shows_what_is_in_the_log(tmp_path: Path) -> None:
    written(tmp_path / "m.log.csv", 1, 2, 3)
    written(tmp_path / "m.log.csv", 3, 4)
    shown = EventAccumulator(str(tmp_path / "m.log")).Reload()
    losses = [(event.step, event.value) for event in shown.Scalars("loss")]
    assert losses == [(step, pytest.approx(step / 3)) for step in (1, 2, 3, 4)]
    assert [event.step for event in shown.Scalars("merit")] == [2, 4], "NaN is left out"


def test_the_log_is_named_after_the_model(tmp_path: Path) -> None:
    assert log_path(tmp_path / "m.safetensors") == tmp_path / "m.log.csv"


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        TrainingLog(tmp_path / "none" / "m.log.csv").row(1, loss=1.0)
