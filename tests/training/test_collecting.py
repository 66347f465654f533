"""Sources give labelled patches, and say what is wrong with their files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from napari_ggs.lesions import BINARY, CIRCLEMIX, GGS
from napari_ggs.training import collecting
from napari_ggs.training.collecting import check, patches_of, renamed
from napari_ggs.training.phantom_patches import phantom_patches
from napari_ggs.training.recipe import RecipeError
from napari_ggs.training.sources import Folder, Phantoms, Source


def nothing(done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "user_cache_path", lambda _: tmp_path / "cache")


def folder(path: Path, **changes: object) -> Folder:
    fields = {"kind": "folder", "folder": path, "name": "own", "licence": "own"}
    return Folder.model_validate(fields | changes)


def image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((40, 40, 3), 90, np.uint8)).save(path)


def test_folders_name_patient_and_class(tmp_path: Path) -> None:
    image(tmp_path / "p" / "ann" / "normal" / "1.png")
    image(tmp_path / "p" / "bob" / "non-glomerulus" / "1.png")
    found = patches_of(folder(tmp_path / "p", repeats=3), GGS, nothing)
    assert found.labels.tolist() == ["normal", "non-glomerulus"]
    assert found.patients.tolist() == ["ann", "bob"]
    assert found.repeats.tolist() == [3, 3]
    assert found.context.tolist() == [1.0, 1.0]


def test_a_patient_that_is_left_out_is_not_there(tmp_path: Path) -> None:
    for name in ("ann", "bob"):
        image(tmp_path / "p" / name / "normal" / "1.png")
    found = patches_of(folder(tmp_path / "p", leave_out=["ann"]), GGS, nothing)
    assert found.patients.tolist() == ["bob"]


def test_leaving_out_someone_unknown_is_a_mistake(tmp_path: Path) -> None:
    image(tmp_path / "p" / "ann" / "normal" / "1.png")
    with pytest.raises(RecipeError, match=r"leaves out anne, but .* of ann"):
        patches_of(folder(tmp_path / "p", leave_out=["anne"]), GGS, nothing)


def test_classes_of_another_scheme_are_renamed(tmp_path: Path) -> None:
    for name in ("normal", "solidified", "periglomerular fibrosis", "non-glomerulus"):
        image(tmp_path / "p" / "ann" / name / "1.png")
    found = patches_of(folder(tmp_path / "p"), BINARY, nothing)
    assert dict(zip(found.names.tolist(), found.labels.tolist(), strict=True)) == {
        "ann/normal/1.png": "non-sclerotic",
        "ann/periglomerular fibrosis/1.png": "non-sclerotic",
        "ann/solidified/1.png": "sclerotic",
    }


def test_a_folder_that_is_no_class_is_named(tmp_path: Path) -> None:
    image(tmp_path / "p" / "ann" / "sclerosed" / "1.png")
    with pytest.raises(RecipeError, match=r"1\.png: the class 'sclerosed' is no .*solidified"):
        patches_of(folder(tmp_path / "p"), GGS, nothing)


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    image(tmp_path / "p" / "ann" / "normal" / "1.png")
    (tmp_path / "p" / "ann" / "normal" / "2.png").write_bytes(b"no image")
    (tmp_path / "p" / "ann" / "normal" / "3.png").write_bytes(
        (tmp_path / "p" / "ann" / "normal" / "1.png").read_bytes()[:60]
    )
    with pytest.raises(
        RecipeError, match=r"2 of 3 patches cannot .*replace.*first: .*2\.png cannot"
    ):
        patches_of(folder(tmp_path / "p"), GGS, nothing)


def test_images_are_read_as_they_are_classified(tmp_path: Path) -> None:
    place = tmp_path / "p" / "ann" / "normal"
    place.mkdir(parents=True)
    Image.fromarray(np.zeros((40, 40, 4), np.uint8)).save(place / "clear.png")
    assert (patches_of(folder(tmp_path / "p"), GGS, nothing).images == 255).all()
    Image.fromarray(np.full((40, 40), 40_000, np.uint16)).save(place / "deep.png")
    with pytest.raises(RecipeError, match=r"1 of 2 .*deep\.png has more than 8 bits"):
        patches_of(folder(tmp_path / "p"), GGS, nothing)


def test_an_image_of_far_too_many_pixels_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image(tmp_path / "p" / "ann" / "normal" / "1.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(RecipeError, match=r"1 of 1 patches cannot .*1\.png.*exceeds limit"):
        patches_of(folder(tmp_path / "p"), GGS, nothing)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    with pytest.raises(RecipeError, match=r"no patches .* patient/class.* or manifest\.csv"):
        patches_of(folder(tmp_path / "p"), GGS, nothing)


def test_what_is_not_there_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"not at .*gone"):
        check([folder(tmp_path / "gone")])


def test_phantom_slides_give_every_class_they_hold() -> None:
    mix = {"periglomerular fibrosis": 0.5, "solidified": 0.5}
    source = Phantoms(kind="phantom", slides=1, seed=3, side_um=1200, mpp=2.0, mix=mix, others=2)
    found = phantom_patches(source, seed=3)
    assert set(found.labels.tolist()) == {*mix, "non-glomerulus"}
    assert set(found.patients.tolist()) == {"phantom-3"}
    assert set(renamed(found, CIRCLEMIX).labels.tolist()) == set(mix)
    assert set(renamed(found, GGS).labels.tolist()) == {"normal", "solidified", "non-glomerulus"}


@pytest.mark.real_data
def test_the_real_fields_give_their_labelled_glomeruli(real_data: Path) -> None:
    source: Source = TypeAdapter(Source).validate_python(
        {"kind": "aidpath", "folder": real_data / "aidpath", "others": 2}
    )
    found = patches_of(source, GGS, nothing)
    glomeruli = found.where(found.labels != "non-glomerulus")
    assert len(glomeruli) == 10
    assert (glomeruli.labels == "normal").sum() == 9
    assert len(np.unique(found.patients)) == 5
    kept = patches_of(source, GGS, nothing)
    np.testing.assert_array_equal(kept.images, found.images)
