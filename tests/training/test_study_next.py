"""Which circles of a study to label next, over all of its slides."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_ggs.errors import UserError
from napari_ggs.lesions import GGS
from napari_ggs.models import DEFAULT_CLASSIFIER, LoadedClassifier, load_classifier
from napari_ggs.review import Assessed, Labelled
from napari_ggs.store import CaseStore
from napari_ggs.training.steps import StoppedError
from napari_ggs.training.study_next import COLUMNS, NextLabels, next_of_study
from tests.training.drawings import KINDS
from tests.training.study import CELL, add_run, add_slide, did, rows, write_slide, write_study


@pytest.fixture(scope="module")
def model() -> LoadedClassifier:
    return load_classifier(DEFAULT_CLASSIFIER, "cpu")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A slide that is labelled, and two on which only a little was said."""
    path = write_study(tmp_path, ("Kim",))
    with CaseStore.open(path) as store:
        for seed, name in enumerate(("Lee", "Roe"), start=5):
            write_slide(tmp_path / f"{name}.tif", KINDS, seed)
            run = add_run(store, add_slide(store, tmp_path / f"{name}.tif", name), len(KINDS))
            did(store, run, Labelled((0,), "normal"), Assessed((1,), "uncertain"))
    return path


def chosen(found: NextLabels) -> set[tuple[str, int]]:
    return {*zip(found.table["slide"], found.table["circle"], strict=True)}


def test_circles_of_all_slides_of_which_nobody_said_anything_are_chosen(
    study: Path, model: LoadedClassifier
) -> None:
    found = next_of_study(study, model, 100)
    assert chosen(found) == {(slide, n) for slide in ("Lee", "Roe") for n in (3, 4, 5)}
    assert (found.left, found.faults, found.unread) == (6, [], 0)
    table = found.table
    assert list(table.columns) == COLUMNS
    assert table["order"].tolist() == [1, 2, 3, 4, 5, 6]
    assert set(table["predicted"]) <= set(GGS.classes)
    assert table["probability"].between(0, 1).all()
    np.testing.assert_allclose(table["x"], (table["circle"] - 0.5) * CELL)


def test_fewer_are_the_first_of_more(study: Path, model: LoadedClassifier) -> None:
    more, fewer = next_of_study(study, model, 6).table, next_of_study(study, model, 2).table
    pd.testing.assert_frame_equal(fewer, more[:2])


def test_what_looks_like_something_labelled_on_another_slide_waits(
    study: Path, model: LoadedClassifier
) -> None:
    with CaseStore.open(study) as store:
        write_slide(study.parent / "twin.tif", [*KINDS, "normal"], seed=5)
        run = add_run(store, add_slide(store, study.parent / "twin.tif", "twin"), len(KINDS))
        did(store, run, Labelled(tuple(range(len(KINDS))), "normal"))
    table = next_of_study(study, model, 6).table
    assert table["slide"].tolist() == ["Roe"] * 3 + ["Lee"] * 3


def test_circles_below_the_detection_threshold_wait(study: Path, model: LoadedClassifier) -> None:
    with CaseStore.open(study) as store:
        slide = store.slides()[-1]
        run = store.begin_run(slide.id, GGS, {}, store.runs(slide.id)[-1].thresholds)
        faint = rows(len(KINDS)).assign(detection_score=[0.9, 0.1, 0.1, 0.1, 0.9])
        store.add_circles(run, faint)
        store.finish_run(run, faint, {})
    found = chosen(next_of_study(study, model, 100))
    assert {circle for slide, circle in found if slide == "Roe"} == {1, 5}


def test_a_slide_that_is_gone_is_told_and_the_others_go_on(
    study: Path, model: LoadedClassifier
) -> None:
    moved = study.parent / "archive"
    moved.mkdir()
    (study.parent / "Lee.tif").rename(moved / "A-1.tif")
    found = next_of_study(study, model, 100)
    assert {slide for slide, _ in chosen(found)} == {"Roe"}
    assert len(found.faults) == 1
    assert "Lee" in found.faults[0]
    assert len(next_of_study(study, model, 100, (moved,)).table) == 6


def test_progress_is_told_to_the_end_and_a_stop_is_heeded(
    study: Path, model: LoadedClassifier
) -> None:
    told: list[float] = []
    next_of_study(study, model, 1, progress=lambda share, _: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1
    with pytest.raises(StoppedError, match="nothing was written"):
        next_of_study(study, model, 1, stopped=lambda: True)


@pytest.mark.parametrize("count", [0, -3])
def test_a_count_that_is_none_is_refused(study: Path, model: LoadedClassifier, count: int) -> None:
    with pytest.raises(UserError, match=f"1 or more. Found {count}"):
        next_of_study(study, model, count)


def test_a_study_without_runs_says_how_to_make_one(tmp_path: Path, model: LoadedClassifier) -> None:
    write_slide(tmp_path / "Kim.tif", KINDS)
    with CaseStore.open(tmp_path / "new.ggs") as store:
        add_slide(store, tmp_path / "Kim.tif", "Kim")
    with pytest.raises(UserError, match=r"No slide of new\.ggs has a run.*Detect & Classify"):
        next_of_study(tmp_path / "new.ggs", model, 5)


def test_where_all_is_labelled_that_is_said(tmp_path: Path, model: LoadedClassifier) -> None:
    study = write_study(tmp_path, ("Kim",))
    with pytest.raises(UserError, match=r"Nothing is left to label.*10 with a class"):
        next_of_study(study, model, 5)


def test_where_no_slide_is_found_that_is_said(study: Path, model: LoadedClassifier) -> None:
    for file in study.parent.glob("*.tif"):
        file.unlink()
    with pytest.raises(UserError, match=r"No slide of study\.ggs can be read.*--slides"):
        next_of_study(study, model, 5)
