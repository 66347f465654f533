"""A detector learns from the slides of a study that people have gone through."""

import logging
from pathlib import Path

import pytest

from napari_ggs.review import Drawn, Labelled, Removed
from napari_ggs.store import CaseStore
from napari_ggs.store.patient_keys import patient_key, slide_key
from napari_ggs.training.detection_data import StudySlides
from napari_ggs.training.detection_sources import described, fields_of
from napari_ggs.training.splits import TrainingError
from tests.training.study import CELL, add_run, add_slide, did, write_slide, write_study

N = 10


@pytest.fixture
def study(tmp_path: Path) -> Path:
    write_slide(tmp_path / "a.tif", ["normal"] * N)
    with CaseStore.open(tmp_path / "study.ggs") as store:
        run = add_run(store, add_slide(store, tmp_path / "a.tif", "Kim"), N)
        did(
            store,
            run,
            Labelled((0, 1, 2, 3, 4, 5), "normal"),
            Labelled((6,), "non-glomerulus"),
            Removed((7, 8)),
            Drawn(7.5 * CELL, CELL / 2, 25.0, "solidified"),
        )
    return tmp_path / "study.ggs"


def test_glomeruli_hard_negatives_and_what_teaches_nothing(study: Path) -> None:
    [field] = fields_of(StudySlides(kind="study", study=study), 2.0, lambda *_: None).training
    assert len(field.circles) == 7
    assert field.circles[-1].tolist() == [7.5 * CELL / 2, CELL / 4, 12.5]
    assert field.negatives[:, 0].tolist() == [6.5 * CELL / 2]
    # the removed one under the drawn circle says nothing; the other one and the unseen one do
    assert sorted(field.ignored[:, 0].tolist()) == [8.5 * CELL / 2, 9.5 * CELL / 2]
    with CaseStore.open(study) as store:
        slide = store.slides()[0]
        assert field.seen == (patient_key(store, "Kim"), slide_key(slide.fingerprint))
    assert "Kim" not in str(described(StudySlides(kind="study", study=study)))


def test_a_slide_that_nobody_went_through_is_told_of(
    study: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with CaseStore.open(study) as store:
        run = add_run(store, store.slides()[0].id, N, region=(0, 0, 50, 50))
        did(store, run, Labelled((0,), "normal"))
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(TrainingError, match="No slide of the study teaches a detector yet: 90 %"),
    ):
        fields_of(StudySlides(kind="study", study=study), 2.0, lambda *_: None)
    assert "a does not teach the detector: its last run was over a region" in caplog.text


def test_who_taught_the_start_does_not_choose(tmp_path: Path) -> None:
    study = write_study(tmp_path)
    source = StudySlides(kind="study", study=study, validation=0.34)
    sides = fields_of(source, 2.0, lambda *_: None)
    [chosen] = sides.selection
    again = fields_of(source, 2.0, lambda *_: None, taught=chosen.seen[1:])
    assert [field.seen for field in again.selection] != [chosen.seen]
    assert chosen.seen in [field.seen for field in again.training]
