"""Patches of a study show what a classifier will see, and name nobody."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_ggs.classification import crop
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import MARGIN_UM, Thresholds
from napari_ggs.lesions import CIRCLEMIX, GGS
from napari_ggs.review import Labelled
from napari_ggs.slides import Slide
from napari_ggs.store import CaseStore
from napari_ggs.store.patient_keys import patient_key, slide_key
from napari_ggs.training.collecting import patches_of
from napari_ggs.training.moving import crops_of
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.recipe import RecipeError
from napari_ggs.training.sources import Study, described
from tests.review.test_export import Kept
from tests.training.study import rows, write_study


def collected(source: Study) -> PatchSet:
    return patches_of(source, GGS, lambda *_: None)


def test_the_middle_of_a_patch_is_the_crop_that_classification_cuts(
    tmp_path: Path, kidney_slide: Slide
) -> None:
    kept = Kept(tmp_path, kidney_slide)
    kept.did(Labelled((0, 3), "normal"), Labelled((5,), "non-glomerulus"))
    kept.store.close()
    patches = collected(Study(kind="study", study=tmp_path / "trial.ggs"))
    assert patches.labels.tolist() == ["normal", "normal", "non-glomerulus"]
    circles = Kept.rows().iloc[[0, 3, 5]][["x", "y", "radius"]].to_numpy()
    for image, circle in zip(crops_of(patches, 192), circles, strict=True):
        seen = crop(kidney_slide, circle, MARGIN_UM, 192)
        assert np.abs(image.astype(int) - seen).mean() < 1


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"))


def test_patients_go_by_keys_and_slides_by_their_content(study: Path) -> None:
    patches = collected(Study(kind="study", study=study, repeats=3))
    with CaseStore.open(study) as store:
        keys = {patient_key(store, name) for name in ("Kim", "Lee", "Roe")}
        slides = {slide_key(slide.fingerprint) for slide in store.slides()}
    assert set(patches.patients) == keys
    assert set(patches.slides) == slides
    assert patches.seen == sorted(keys | slides)
    assert set(patches.repeats) == {3}
    assert not [n for n in patches.names if "Kim" in n]
    assert "Kim" not in str(described(Study(kind="study", study=study)))


def test_predictions_teach_only_where_the_recipe_says_so(tmp_path: Path) -> None:
    study = write_study(tmp_path, ("Kim",))
    with CaseStore.open(study) as store:
        slide = store.slides()[0].id
        run = store.begin_run(slide, GGS, {}, Thresholds(0.2, 0.5))
        more = rows(10).assign(y=20.0)
        store.add_circles(run, more)
        store.finish_run(run, more, {})
    assert len(collected(Study(kind="study", study=study))) == 10
    assert len(collected(Study(kind="study", study=study, predicted=True))) == 20


def test_who_is_left_out_is_not_there_and_must_be_known(study: Path) -> None:
    with CaseStore.open(study) as store:
        key = patient_key(store, "Kim")
    for name in ("Kim", key):
        assert key not in collected(Study(kind="study", study=study, leave_out=(name,))).patients
    with pytest.raises(RecipeError, match="no patient Tim to leave out: it has Kim, Lee, Roe"):
        collected(Study(kind="study", study=study, leave_out=("Tim",)))


def test_a_slide_that_was_moved_and_renamed_is_found_by_its_content(tmp_path: Path) -> None:
    study = write_study(tmp_path / "a", ("Kim",))
    (tmp_path / "b").mkdir()
    shutil.move(tmp_path / "a" / "Kim.tif", tmp_path / "b" / "7.tif")
    with pytest.raises(UserError, match="Kim"):
        collected(Study(kind="study", study=study))
    found = collected(Study(kind="study", study=study, slides=(tmp_path / "b",)))
    assert len(found) == 10


def test_classes_that_a_scheme_lacks_are_renamed_or_left_out(study: Path) -> None:
    patches = patches_of(Study(kind="study", study=study), CIRCLEMIX, lambda *_: None)
    assert "non-glomerulus" not in patches.labels
    assert len(patches) == 24


def test_a_study_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no study .*none\.ggs"):
        collected(Study(kind="study", study=tmp_path / "none.ggs"))
