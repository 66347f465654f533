"""One door for all formats: where circles lie on the slide, and what to do if they do not."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ggs.errors import UserError
from napari_ggs.exchange import convert, read_circles, write_circles
from napari_ggs.exchange.circle_table import truth
from napari_ggs.slides import Slide


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """A glomerulus on a mask of the phantom slide, 8 times as small (2000 x 1600 px)."""
    pixels = np.zeros((200, 250), np.uint8)
    pixels[40:60, 100:120] = 1
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def circle(path: Path, *args: object, **kwargs: object) -> list[float]:
    return read_circles(path, *args, **kwargs).loc[0, ["x", "y", "radius"]].tolist()


def test_a_mask_is_placed_by_its_size_its_downsample_or_its_microns(
    mask: Path, kidney_slide: Slide
) -> None:
    radius = np.sqrt(400 / np.pi)
    on_slide = pytest.approx([880, 400, 8 * radius])
    assert circle(mask) == pytest.approx([110, 50, radius])
    assert circle(mask, kidney_slide) == on_slide
    assert circle(mask, downsample=8) == on_slide
    assert circle(mask, kidney_slide, image_mpp=8) == on_slide


def test_a_mask_of_another_shape_is_refused(tmp_path: Path, kidney_slide: Slide) -> None:
    Image.fromarray(np.ones((200, 200), np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(UserError, match=r"200 x 200 px, which is not the shape of .*kidney\.svs"):
        read_circles(tmp_path / "m.png", kidney_slide)


def test_circles_outside_the_slide_are_counted_and_refused(
    tmp_path: Path, kidney_slide: Slide
) -> None:
    (tmp_path / "a.csv").write_text("x,y,radius\n100,100,50\n2500,100,50\n100,-1,50\n")
    expected = r"a\.csv: 2 of 3 circles lie outside the slide kidney\.svs \(2000 x 1600 px\)"
    with pytest.raises(UserError, match=expected):
        read_circles(tmp_path / "a.csv", kidney_slide)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.docx", "x", "expected .csv, .geojson"),
        ("a.json", "{", "is no JSON file"),
        ("a.json", '{"a": 1}', "neither a labelme file .*it has a"),
        ("a.json", "3", "neither"),
        ("a.geojson", "{}", "no GeoJSON"),
    ],
)
def test_what_is_not_understood_is_named(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=complaint) as caught:
        read_circles(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no file .*none\.csv"):
        read_circles(tmp_path / "none.csv")


def test_geojson_may_be_called_json(tmp_path: Path) -> None:
    ring = [[0, 0], [4, 0], [4, 4], [0, 4]]
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "a.json").write_text(json.dumps([feature]))
    assert circle(tmp_path / "a.json")[:2] == [2, 2]


def test_a_detection_that_nobody_confirmed_is_no_truth(tmp_path: Path) -> None:
    rows = [
        "x,y,radius,detection_score,predicted,label",
        "1,1,1,.9,normal,",
        "1,1,1,.9,normal,normal",
    ]
    (tmp_path / "run.csv").write_text("\n".join([*rows, "1,1,1,,,solidified", "1,1,1,,,"]))
    assert truth(read_circles(tmp_path / "run.csv")).tolist() == [False, True, True, True]


@pytest.mark.parametrize("form", ["csv", "geojson", "imagescope", "labelme", "coco"])
def test_every_format_brings_back_what_it_was_given(
    form: str, kidney: Path, kidney_slide: Slide, tmp_path: Path
) -> None:
    truth_file = kidney.with_suffix(".truth.csv")
    ending = {"csv": "csv", "geojson": "geojson", "imagescope": "xml"}.get(form, "json")
    out = tmp_path / f"kidney.{ending}"
    given, left_out = convert([truth_file], out, kidney_slide, wanted=form)
    given = given.sort_values("id")
    assert left_out == 0
    found = read_circles(out, kidney_slide).sort_values(["y", "x"], ignore_index=True)
    np.testing.assert_allclose(
        found[["x", "y", "radius"]], given[["x", "y", "radius"]], rtol=1e-9, atol=1e-7
    )
    assert found.label.tolist() == given.label.tolist()
    if form != "coco":
        assert found.cut.tolist() == given.cut.tolist()


def test_several_files_become_one(kidney: Path, tmp_path: Path) -> None:
    one, _ = convert([kidney.with_suffix(".truth.csv")], tmp_path / "a.csv")
    both, _ = convert([tmp_path / "a.csv", tmp_path / "a.csv"], tmp_path / "b.geojson")
    assert both.id.tolist() == list(range(1, 2 * len(one) + 1))
    assert len(read_circles(tmp_path / "b.geojson")) == 2 * len(one)


def test_a_run_keeps_its_scores_and_probabilities(tmp_path: Path) -> None:
    header = "id,x,y,radius,detection_score,predicted,label,p_normal,p_obsolescent,p_solidified,"
    header += "p_disappearing,p_non_glomerulus"
    (tmp_path / "run.csv").write_text(f"{header}\n4,1,2,3,.5,normal,,.6,.1,.1,.1,.1\n")
    convert([tmp_path / "run.csv"], tmp_path / "run.geojson")
    convert([tmp_path / "run.geojson"], tmp_path / "again.csv")
    again = read_circles(tmp_path / "again.csv").iloc[0]
    assert (again.id, again.detection_score, again.p_normal) == (4, 0.5, 0.6)
    assert (again.predicted, again.label) == ("normal", "")


RUN = """id,x,y,radius,detection_score,predicted,label,p_non_sclerotic,p_sclerotic
1,100,100,40,.9,sclerotic,,.1,.9
2,300,100,40,.8,sclerotic,non-sclerotic,.2,.8
3,500,100,40,,non-sclerotic,,.7,.3
"""
"""A detection that nobody saw, one that a person relabelled, and a circle that a person drew."""


@pytest.mark.parametrize("form", ["csv", "geojson"])
def test_formats_that_know_predictions_keep_every_circle_of_a_run(
    form: str, kidney_slide: Slide, tmp_path: Path
) -> None:
    (tmp_path / "run.csv").write_text(RUN)
    out = tmp_path / f"out.{form}"
    table, left_out = convert([tmp_path / "run.csv"], out, kidney_slide, wanted=form)
    assert (len(table), left_out) == (3, 0)
    assert truth(read_circles(out)).tolist() == [False, True, True]


@pytest.mark.parametrize("form", ["imagescope", "labelme", "coco"])
def test_other_formats_never_make_a_detection_a_persons_label(
    form: str, kidney_slide: Slide, tmp_path: Path
) -> None:
    (tmp_path / "run.csv").write_text(RUN)
    out = tmp_path / ("out.xml" if form == "imagescope" else "out.json")
    table, left_out = convert([tmp_path / "run.csv"], out, kidney_slide, wanted=form)
    assert (table["id"].tolist(), left_out) == ([2, 3], 1)
    again = read_circles(out).sort_values("x")
    assert again["x"].tolist() == pytest.approx([300, 500])
    assert again["label"].tolist() == ["non-sclerotic", ""], "what was predicted is no label"


@pytest.mark.parametrize("form", ["imagescope", "labelme", "coco"])
def test_a_run_that_nobody_looked_at_leaves_a_file_without_circles(
    form: str, kidney_slide: Slide, tmp_path: Path
) -> None:
    (tmp_path / "run.csv").write_text("".join(RUN.splitlines(keepends=True)[:2]))
    out = tmp_path / ("out.xml" if form == "imagescope" else "out.json")
    table, left_out = convert([tmp_path / "run.csv"], out, kidney_slide, wanted=form)
    assert (len(table), left_out) == (0, 1)
    assert read_circles(out).empty


def test_what_cannot_be_written_is_said(mask: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--format: csv, geojson"):
        convert([mask], tmp_path / "a.json")
    with pytest.raises(UserError, match="give --slide"):
        convert([mask], tmp_path / "a.json", wanted="labelme")
    table = read_circles(mask)
    mixed = table.assign(label="sclerotic", predicted="solidified")
    with pytest.raises(UserError, match="No class scheme has sclerotic, solidified together"):
        write_circles(mixed, tmp_path / "a.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mask.png"]
