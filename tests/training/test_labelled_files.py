"""Folders of labelled images are read by the names of their folders or by their manifest."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ggs.lesions import GGS
from napari_ggs.training.folder_patches import folder_patches
from napari_ggs.training.labelled_files import labelled_files
from napari_ggs.training.recipe import RecipeError


def image(path: Path, value: int = 90) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((40, 50, 3), value, np.uint8)).save(path)


def manifest(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.csv").write_text(text)


def test_slides_may_stand_between_patient_and_class(tmp_path: Path) -> None:
    image(tmp_path / "ann" / "slide 1" / "normal" / "1.tif")
    image(tmp_path / "ann" / "slide 2" / "solidified" / "1.JPG")
    image(tmp_path / "bob" / "normal" / "1.png")
    (tmp_path / "bob" / "notes.txt").write_text("read me")
    assert [tuple(file) for file in labelled_files(tmp_path, GGS)] == [
        ("ann/slide 1/normal/1.tif", "normal", "ann"),
        ("ann/slide 2/solidified/1.JPG", "solidified", "ann"),
        ("bob/normal/1.png", "normal", "bob"),
    ]


def test_classes_are_named_as_freely_as_elsewhere(tmp_path: Path) -> None:
    for number, name in enumerate(("non_glomerulus", "Normal", "OBSOLESCENT")):
        image(tmp_path / "folders" / "ann" / name / f"{number}.png")
    assert [file.label for file in labelled_files(tmp_path / "folders", GGS)] == [
        "normal",
        "obsolescent",
        "non-glomerulus",
    ]
    text = "file,label,patient\na.png,Non Glomerulus,ann\nb.png,Periglomerular_Fibrosis,ann\n"
    manifest(tmp_path / "listed", text)
    listed = labelled_files(tmp_path / "listed", GGS)
    assert [file.label for file in listed] == ["non-glomerulus", "periglomerular fibrosis"]


def test_a_folder_that_names_no_class_is_refused(tmp_path: Path) -> None:
    image(tmp_path / "ann" / "glomerulus" / "1.png")
    with pytest.raises(RecipeError, match=r"1\.png: the class 'glomerulus' is no class"):
        labelled_files(tmp_path, GGS)


@pytest.mark.parametrize("name", ["1.png", "normal/1.png", "a/b/c/normal/1.png"])
def test_an_image_in_the_wrong_place_is_named(tmp_path: Path, name: str) -> None:
    image(tmp_path / name)
    with pytest.raises(RecipeError, match=r"1\.png is not in patient/class"):
        labelled_files(tmp_path, GGS)


def test_a_manifest_says_class_and_patient(tmp_path: Path) -> None:
    manifest(
        tmp_path,
        "file,label,patient,slide,assessment,x\n"
        "a.png,normal,ann,s1,ok,1\n"
        "b/b.png,obsolescent,,s2,,2\n"
        "c.png,obsolescent,ann,s1,uncertain,3\n",
    )
    assert [tuple(file) for file in labelled_files(tmp_path, GGS)] == [
        ("a.png", "normal", "ann"),
        ("b/b.png", "obsolescent", "s2"),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("file,label\na.png,normal\n", "no column 'patient'"),
        ("file,label,patient,slide\na.png,normal,,\n", r"neither patient nor slide of a\.png"),
        ("file,label,patient\na.png,round,ann\n", r"a\.png: the class 'round' is no class"),
        ("file,label,patient\n", "no patches"),
        ('file,label,patient\n"a.png,normal,ann\n', "no CSV table"),
    ],
)
def test_a_faulty_manifest_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    manifest(tmp_path, text)
    with pytest.raises(RecipeError, match=complaint):
        labelled_files(tmp_path, GGS)


def test_a_file_that_the_manifest_lists_and_is_not_there_is_named(tmp_path: Path) -> None:
    manifest(tmp_path, "file,label,patient\ngone.png,normal,ann\n")
    with pytest.raises(RecipeError, match=r"1 of 1 patches cannot be read: .*gone\.png"):
        folder_patches(tmp_path, GGS)


def test_formats_give_the_same_patch(tmp_path: Path) -> None:
    for suffix in ("png", "tif", "jpg"):
        image(tmp_path / "ann" / "normal" / f"1.{suffix}")
    found = folder_patches(tmp_path, GGS)
    assert np.abs(found.images.astype(int) - 90).max() <= 1
    assert found.names.tolist() == [f"ann/normal/1.{suffix}" for suffix in ("jpg", "png", "tif")]
