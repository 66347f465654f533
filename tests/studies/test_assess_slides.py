"""`napari-ggs evaluate` with the embedded models on a small phantom."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_ggs.batch import Settings
from napari_ggs.circles import inside
from napari_ggs.classification import build_network
from napari_ggs.evaluation.comparing import ABSORBED
from napari_ggs.glomeruli import LOWEST_SCORE, circles_of
from napari_ggs.lesions import CIRCLEMIX
from napari_ggs.phantom import PhantomSlide, write_slide, write_truth
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.slides import Slide, open_slide
from napari_ggs.studies import assessed_slide
from napari_ggs.studies.assess_slides import assess_slides
from napari_ggs.studies.assessed_slide import assess_slide
from napari_ggs.studies.assessment_files import FALSE_PER_MM2
from napari_ggs.studies.truth import read_truth
from tests.test_cli import Done, ggs

TABLES = {f"{name}.{end}" for name in ("detection", "classification") for end in ("csv", "md")}


@pytest.fixture(scope="module")
def field(tmp_path_factory) -> Path:
    """A phantom slide of a third of the small one's tissue, its truth beside it."""
    path = tmp_path_factory.mktemp("field") / "field.svs"
    phantom = PhantomSlide(1150, 950, mpp=1.0, seed=11, outline="field")
    write_slide(phantom, path)
    write_truth(phantom, path.with_suffix(".truth.csv"))
    return path


@pytest.fixture(scope="module")
def evaluated(kidney: Path, tmp_path_factory) -> tuple[Done, Path]:
    """A run over one good slide and one that is none."""
    folder = tmp_path_factory.mktemp("evaluated")
    letter = folder / "letter.svs"
    letter.write_text("Dear colleague")
    truth = kidney.with_suffix(".truth.csv")
    words = ("--truth", truth, "--truth", truth, "--out", folder / "out")
    return ggs("evaluate", letter, kidney, *words), folder / "out"


def test_evaluate_writes_tables_and_pictures(evaluated: tuple[Done, Path]) -> None:
    _, out = evaluated
    pictures = {"precision_recall.png", "confusion.png", "reliability.png", "roc.png"}
    confusion = {"confusion.csv", "confusion.md"}
    assert {path.name for path in out.iterdir()} == TABLES | pictures | confusion


def test_one_bad_slide_does_not_stop_the_others(evaluated: tuple[Done, Path]) -> None:
    done, _ = evaluated
    assert done.returncode == 2
    [complaint] = done.stderr.splitlines()
    assert "letter.svs" in complaint
    assert "glomeruli found" in done.stdout


def test_the_tables_rest_on_every_whole_glomerulus(
    evaluated: tuple[Done, Path], kidney: Path
) -> None:
    known = pd.read_csv(kidney.with_suffix(".truth.csv"))
    whole = int((~known["cut"] & inside(circles_of(known), (0, 0, 2000, 1600))).sum())
    table = pd.read_csv(evaluated[1] / "detection.csv")
    table = table.set_index(["arm", "protocol", "figure"]).sort_index()
    for arm in ("without filter", "with filter"):
        for protocol in ("coco", "ggs", "paper"):
            figures = table.loc[arm, protocol]
            assert figures.loc["AP50", "n"] == whole
            assert figures.loc["AP", "value"] <= figures.loc["AP50", "value"]
    assert table.loc[("with filter", "ggs", "AP50"), "value"] > 0.6


def test_the_filter_only_takes_away(evaluated: tuple[Done, Path]) -> None:
    table = pd.read_csv(evaluated[1] / "detection.csv")
    at = table[table["protocol"].str.startswith("score >= ")].set_index(["arm", "figure"])
    without, filtered = at.loc["without filter"], at.loc["with filter"]
    assert filtered.loc["precision", "n"] <= without.loc["precision", "n"]
    assert filtered.loc["recall", "value"] <= without.loc["recall", "value"]
    assert without.loc["recall", "low"] < without.loc["recall", "value"]


def test_false_circles_are_told_per_area_of_tissue_with_and_without_the_filter(
    evaluated: tuple[Done, Path], kidney_slide: Slide
) -> None:
    table = pd.read_csv(evaluated[1] / "detection.csv")
    rates = table[table["figure"] == FALSE_PER_MM2].set_index("arm")
    assert rates.index.tolist() == ["without filter", "with filter"]
    for row in rates.itertuples():
        assert row.value == pytest.approx(row.n / kidney_slide.tissue().area_mm2, abs=1e-5)
        assert row.low <= row.value < row.high
    assert any(FALSE_PER_MM2 in line for line in evaluated[0].stdout.splitlines())


def test_ap_rests_on_every_circle_from_the_authors_threshold_on(field: Path, monkeypatch) -> None:
    settings = Settings.load(t_det=0.3)
    asked = []

    def noted(*words, **given):
        asked.append(given["thresholds"])
        return detect_and_classify(*words, **given)

    monkeypatch.setattr(assessed_slide, "detect_and_classify", noted)
    with open_slide(field) as slide:
        truth = read_truth(field.with_suffix(".truth.csv"), slide, settings.scheme)
        one = assess_slide(slide, truth, settings)
    assert [(each.detection, each.glomerulus) for each in asked] == [
        (0.01, settings.thresholds.glomerulus)
    ]
    assert one.without.scores.min() < LOWEST_SCORE
    assert len(one.truth) == (one.without.matched()[one.without.scores >= 0.3] != ABSORBED).sum()


def test_rotation_consistency_is_that_of_circles_from_one_half_on(
    evaluated: tuple[Done, Path],
) -> None:
    table = pd.read_csv(evaluated[1] / "detection.csv")
    [row] = table[table["figure"] == "rotation consistency"].to_dict("records")
    assert row["protocol"] == "score >= 0.5"
    assert 0.5 < row["value"] <= 1


def test_a_slide_without_glomeruli_tells_how_many_false_circles_there_are(
    field: Path, tmp_path
) -> None:
    (tmp_path / "field.csv").write_text("x,y,radius\n")
    done = ggs("evaluate", field, "--truth", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "0 of 0 glomeruli found and" in done.stdout
    table = pd.read_csv(tmp_path / "out" / "detection.csv")
    figures = table[table["arm"] == "without filter"].set_index("figure")
    rate = figures.loc[FALSE_PER_MM2]
    assert rate["n"] == figures.loc["precision", "n"] > 0, "every circle is a false one"
    assert 0 < rate["low"] < rate["value"] < rate["high"]
    assert np.isnan(figures.loc["recall", "value"])
    assert figures.loc["AP50", "n"].tolist() == [0, 0, 0]


def test_glass_without_tissue_or_glomeruli_is_measured(tmp_path) -> None:
    glass = tmp_path / "glass.tif"
    tifffile.imwrite(glass, np.full((600, 600, 3), 243, np.uint8), tile=(64, 64))
    (tmp_path / "glass.csv").write_text("x,y,radius\n")
    words = ("--truth", tmp_path, "--out", tmp_path / "out", "--mpp", 0.5)
    done = ggs("evaluate", glass, *words)
    assert done.returncode == 0, done.stderr
    assert "0 of 0 glomeruli found and 0 false circles" in done.stdout


def test_the_main_figures_are_printed_with_their_n(evaluated: tuple[Done, Path]) -> None:
    lines = evaluated[0].stdout.splitlines()
    assert any("with filter, ggs, AP50" in line and ", n = " in line for line in lines)
    assert any("macro F1" in line for line in lines)
    assert any("rotation consistency" in line and ", n = " in line for line in lines)
    assert any("need 5 slides or more" in line for line in lines)


def test_truth_without_classes_still_tells_what_the_filter_is_worth(field: Path, tmp_path) -> None:
    known = pd.read_csv(field.with_suffix(".truth.csv"))
    known[["x", "y", "radius", "cut"]].to_csv(tmp_path / "field.csv", index=False)
    done = ggs("evaluate", field, "--truth", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == TABLES | {"precision_recall.png"}
    table = pd.read_csv(tmp_path / "out" / "classification.csv")
    assert table["figure"].tolist() == ["AUC non_glomerulus"]


def test_a_slide_without_resolution_asks_for_it(tmp_path) -> None:
    plain = tmp_path / "plain.tif"
    tifffile.imwrite(plain, np.full((600, 600, 3), 243, np.uint8), tile=(64, 64))
    (tmp_path / "plain.csv").write_text("x,y,radius,label\n300,300,50,GS\n")
    words = ("evaluate", plain, "--truth", tmp_path, "--out", tmp_path / "out")
    words += ("--map", "GS=obsolescent")
    asked = ggs(*words)
    assert asked.returncode == 2
    assert "--mpp" in asked.stderr
    given = ggs(*words, "--mpp", "0.5")
    assert given.returncode == 0, given.stderr
    assert "0 of 1 glomeruli found and 0 false circles" in given.stdout


def test_missing_truth_is_said_before_any_slide_is_read(kidney: Path, tmp_path) -> None:
    copy = tmp_path / "copy.svs"
    shutil.copy(kidney, copy)
    done = ggs("evaluate", copy, "--truth", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "no truth for the slide copy" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_classifier_that_cannot_filter_is_said_to_filter_nothing(
    field: Path, tmp_path, capsys
) -> None:
    embedded = Settings.load()
    network = build_network("efficientnet_lite0", len(CIRCLEMIX.classes)).eval()
    namer = replace(embedded.classifier.classifier, network=network, scheme=CIRCLEMIX)
    settings = replace(embedded, classifier=embedded.classifier._replace(classifier=namer))
    code = assess_slides([field], [field.with_suffix(".truth.csv")], tmp_path, settings)
    assert code == 0
    assert "it filters nothing" in capsys.readouterr().out
    assert set(pd.read_csv(tmp_path / "detection.csv")["arm"]) == {"without filter"}
    figures = pd.read_csv(tmp_path / "classification.csv")["figure"].tolist()
    assert "F1 periglomerular fibrosis" in figures
    assert "AUC non_glomerulus" not in figures
