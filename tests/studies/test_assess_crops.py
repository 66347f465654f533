"""`napari-ggs classify` with the embedded classifier on crops of a small phantom."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from napari_ggs.classification import Classifier, build_network
from napari_ggs.lesions import GGS
from napari_ggs.models import DEFAULT_CLASSIFIER, load_classifier
from napari_ggs.slides import open_slide
from napari_ggs.studies.assess_crops import BATCH, classify_files
from napari_ggs.studies.crops import image_files, sorting
from tests.test_cli import ggs

MARGIN = 12.5
PICTURES = {"confusion.png", "reliability.png", "roc.png"}


@pytest.fixture(scope="module")
def crops(kidney: Path, tmp_path_factory) -> Path:
    """Crops of the phantom's glomeruli and of tissue elsewhere, in class folders."""
    folder = tmp_path_factory.mktemp("crops")
    known = pd.read_csv(kidney.with_suffix(".truth.csv"))
    with open_slide(kidney) as slide:
        for row in known[~known["cut"]].itertuples():
            reach = row.radius + MARGIN
            side = round(2 * reach)
            pixels = slide.read(row.x - reach, row.y - reach, side, side)
            saved(pixels, folder / row.label / f"{row.id}.png")
    for i, shade in enumerate((120, 180, 240)):
        saved(np.full((50, 70, 3), shade, np.uint8), folder / "Non_Glomerulus" / f"{i}.jpg")
    return folder


def saved(pixels: np.ndarray, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def test_every_image_becomes_a_row_and_class_folders_give_figures(crops: Path, tmp_path) -> None:
    done = ggs("classify", crops, "--out", tmp_path / "new" / "scores.csv")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "new" / "scores.csv")
    assert list(table.columns) == ["file", *GGS.columns, "predicted"]
    files = sorted(p.relative_to(crops).as_posix() for p in crops.rglob("*.*"))
    assert table["file"].tolist() == files
    np.testing.assert_allclose(table[list(GGS.columns)].sum(axis=1), 1, atol=1e-6)
    assert set(table["predicted"]) <= set(GGS.classes)
    said = json.loads((tmp_path / "new" / "scores.json").read_text())
    assert (said["truth"], said["images"], said["patients"]) == ("ggs", len(files), None)
    assert said["figures"]["AUC non_glomerulus"]["n"] == len(files)
    assert said["confusion"]["classes"] == list(GGS.classes)
    assert "AUC sclerotic_vs_normal" in done.stdout
    drawn = {path.name for path in (tmp_path / "new" / "scores.figures").iterdir()}
    assert drawn == {"confusion.csv", "confusion.md", *PICTURES}
    steady = said["figures"]["rotation consistency"]
    assert steady["n"] == len(files)
    assert 0.5 < steady["value"] <= 1


def test_sclerotic_and_normal_folders_give_the_external_figures(crops: Path, tmp_path) -> None:
    folder = tmp_path / "external"
    shutil.copytree(crops / "normal", folder / "normal")
    shutil.copytree(crops / "obsolescent", folder / "sclerotic")
    done = ggs("classify", folder, "--out", tmp_path / "scores.csv")
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "scores.json").read_text())
    assert said["truth"] == "binary"
    assert said["confusion"]["classes"] == ["non-sclerotic", "sclerotic"]
    assert said["figures"]["AUC non_glomerulus"]["value"] is None
    assert {path.name for path in (tmp_path / "scores.figures").iterdir()} > PICTURES
    table = pd.read_csv(tmp_path / "scores.csv")
    others, normal = (table["file"].str.startswith(name) for name in ("sclerotic", "normal"))
    wins = [a > b for a in 1 - table["p_normal"][others] for b in 1 - table["p_normal"][normal]]
    assert said["figures"]["AUC normal_vs_others"]["value"] == pytest.approx(np.mean(wins))


def test_images_that_cannot_be_read_get_a_line_each_and_the_others_go_on(tmp_path) -> None:
    good = np.full((40, 40, 3), 200, np.uint8)
    whole = saved(good, tmp_path / "in" / "a.png").read_bytes()
    (tmp_path / "in" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in" / "letter.tif").write_text("Dear colleague")
    saved(np.full((40, 40), 40_000, np.uint16), tmp_path / "in" / "deep.png")
    done = ggs("classify", tmp_path / "in", "--out", tmp_path / "scores.csv")
    assert done.returncode == 2
    complaints = done.stderr.splitlines()
    assert len(complaints) == 3
    for name in ("cut.png", "deep.png", "letter.tif"):
        assert sum(name in line for line in complaints) == 1
    assert pd.read_csv(tmp_path / "scores.csv")["file"].tolist() == ["a.png"]
    assert not (tmp_path / "scores.json").exists()
    assert not (tmp_path / "scores.figures").exists()


def test_images_outside_the_class_folders_are_said_and_left_out_of_the_figures(tmp_path) -> None:
    grey = np.full((40, 40, 3), 200, np.uint8)
    for name in ("normal/a.png", "obsolescent/b.png", "sclerosed/c.png"):
        saved(grey, tmp_path / "in" / name)
    done = ggs("classify", tmp_path / "in", "--out", tmp_path / "scores.csv")
    assert done.returncode == 2
    assert "1 images lie in no folder named after a class (first sclerosed/c.png)" in done.stderr
    assert len(pd.read_csv(tmp_path / "scores.csv")) == 3
    assert json.loads((tmp_path / "scores.json").read_text())["images"] == 2


@pytest.mark.parametrize("made", [False, True])
def test_a_folder_without_images_is_refused(made: bool, tmp_path) -> None:
    if made:
        saved(np.zeros((9, 9, 3), np.uint8), tmp_path / "in" / "._a.png")
    done = ggs("classify", tmp_path / "in", "--out", tmp_path / "scores.csv")
    assert done.returncode == 2
    assert ("no images" if made else "no folder") in done.stderr
    assert not (tmp_path / "scores.csv").exists()


def test_the_table_never_takes_the_place_of_the_figures(tmp_path) -> None:
    done = ggs("classify", tmp_path, "--out", tmp_path / "scores.json")
    assert done.returncode == 2
    assert "must end with .csv" in done.stderr


def test_batches_do_not_change_what_is_said(tmp_path) -> None:
    rng = np.random.default_rng(0)
    for i in range(BATCH + 3):
        saved(rng.integers(0, 255, (40, 40, 3), np.uint8), tmp_path / f"{i:02}.png")
    classifier = load_classifier(DEFAULT_CLASSIFIER).classifier
    files = image_files(tmp_path)
    (tmp_path / "03.png").write_text("damaged")
    table = classify_files(tmp_path, files, classifier, 0.5)
    assert table["file"].tolist() == [path.name for path in files if path.name != "03.png"]
    alone = classify_files(tmp_path, files[-1:], classifier, 0.5)
    columns = list(GGS.columns)
    np.testing.assert_allclose(table[columns].iloc[-1], alone[columns].iloc[0], atol=1e-4)


def test_turned_images_are_answered_about_as_if_they_were_read_so(tmp_path) -> None:
    rng, half = np.random.default_rng(1), (0.5, 0.5, 0.5)
    for i in range(8):
        pixels = np.zeros((64, 64, 3), np.uint8)
        pixels[:, : 8 * i + 4] = rng.integers(100, 255, 3)
        saved(pixels, tmp_path / f"{i}.png")
        saved(np.rot90(pixels), tmp_path / "turned" / f"{i}.png")
    torch.manual_seed(0)
    network = build_network("test_efficientnet", 5).eval()
    classifier = Classifier(network, GGS, MARGIN, 64, half, half, temperature=0.01)
    upright, turned = sorted(tmp_path.glob("*.png")), sorted(tmp_path.glob("turned/*.png"))
    table = classify_files(tmp_path, upright, classifier, 0.5, turned=True)
    expected = classify_files(tmp_path, turned, classifier, 0.5)
    assert table["turned"].tolist() == expected["predicted"].tolist()
    assert (table["turned"] != table["predicted"]).any()


def test_folders_tell_classes_and_patients_in_either_order() -> None:
    said = sorting(["p1/normal/a.png", "Obsolescent/p2/s1/a.png", "solidified/a.png", "p3/a.png"])
    assert said.labels == ["normal", "obsolescent", "solidified", ""]
    assert said.patients == ["p1", "p2", "solidified/a.png", "p3"]
    assert not said.has_patients
    assert sorting(["p1/normal/a.png", "p1/normal/b.png"]).has_patients
