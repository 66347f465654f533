"""Which file is a slide's truth, and what it says; what is wrong with it is said in one line."""

from pathlib import Path

import pandas as pd
import pytest

from napari_ggs.circles import inside
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import circles_of
from napari_ggs.lesions import BINARY, CIRCLEMIX, GGS
from napari_ggs.slides import Slide
from napari_ggs.studies.truth import read_truth, truth_files

HEADER = "x,y,radius,label,cut\n"


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "truth.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows))
    return path


def test_truth_has_labels_and_sets_cut_glomeruli_aside(kidney_slide: Slide, tmp_path) -> None:
    file = written(
        tmp_path,
        "100,100,60,normal,False",
        "500,100,50,,False",
        "0,300,40,obsolescent,True",
        "900,900,30,non-glomerulus,False",
    )
    truth = read_truth(file, kidney_slide, GGS)
    assert truth.circles.tolist() == [[100, 100, 60], [500, 100, 50]]
    assert truth.labels.tolist() == ["normal", ""]
    assert truth.ignored.tolist() == [[0, 300, 40]]


def test_x_y_and_radius_are_enough(kidney_slide: Slide, tmp_path) -> None:
    file = written(tmp_path, "100,100,60", header="x,y,radius\n")
    assert read_truth(file, kidney_slide, GGS).labels.tolist() == [""]


def test_the_truth_of_a_phantom_is_read_as_it_was_written(
    kidney: Path, kidney_slide: Slide
) -> None:
    file = kidney.with_suffix(".truth.csv")
    known = pd.read_csv(file)
    uncut = ~known["cut"] & inside(circles_of(known), (0, 0, 2000, 1600))
    truth = read_truth(file, kidney_slide, GGS)
    assert (len(truth.circles), len(truth.ignored)) == (uncut.sum(), (~uncut).sum())
    assert truth.labels.tolist() == known["label"][uncut].tolist()


def test_labels_are_told_in_the_classes_of_the_scheme(kidney_slide: Slide, tmp_path) -> None:
    file = written(tmp_path, "100,100,60,solidified,False", "500,100,50,normal,False")
    truth = read_truth(file, kidney_slide, BINARY)
    assert truth.labels.tolist() == ["sclerotic", "non-sclerotic"]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("100,100,60,sclerosed,False", "sclerosed"),
        ("100,100,60,sclerotic,False", "too coarse"),
        ("99999,100,60,normal,False", "outside the slide"),
        ("100,100,0,normal,False", "no circle"),
    ],
)
def test_truth_that_cannot_be_compared_with_is_refused(
    row: str, complaint: str, kidney_slide: Slide, tmp_path
) -> None:
    with pytest.raises(UserError, match=complaint) as refused:
        read_truth(written(tmp_path, row), kidney_slide, GGS)
    assert "truth.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_class_names_of_the_file_may_be_renamed(kidney_slide: Slide, tmp_path) -> None:
    file = written(tmp_path, "100,100,60,GS,False", "500,100,50,?,False")
    truth = read_truth(file, kidney_slide, GGS, {"GS": "obsolescent", "?": "glomerulus"})
    assert truth.labels.tolist() == ["obsolescent", ""]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("truth.csv", "x,y,radius\n"),
        ("truth.geojson", '{"type": "FeatureCollection", "features": []}'),
        ("truth.xml", "<Annotations/>"),
        ("truth.json", '{"shapes": []}'),
        ("truth.csv", f"{HEADER}100,100,60,non-glomerulus,False\n"),
    ],
)
def test_a_slide_may_have_no_glomerulus(
    name: str, text: str, kidney_slide: Slide, tmp_path
) -> None:
    (tmp_path / name).write_text(text)
    truth = read_truth(tmp_path / name, kidney_slide, CIRCLEMIX)
    assert truth.circles.shape == truth.ignored.shape == (0, 3)
    assert len(truth.labels) == 0


def test_circles_that_reach_out_of_the_slide_are_set_aside_as_cut(
    kidney_slide: Slide, tmp_path
) -> None:
    """The slide is 2000 x 1600 px."""
    file = written(
        tmp_path,
        *("60,100,60,,", "1940,100,60,,", "100,60,60,,", "100,1540,60,,"),  # touch the edge
        *("59,500,60,,", "1941,500,60,,", "500,59,60,,", "500,1541,60,,"),
    )
    truth = read_truth(file, kidney_slide, GGS)
    assert truth.circles[:, :2].tolist() == [[60, 100], [1940, 100], [100, 60], [100, 1540]]
    assert truth.ignored[:, :2].tolist() == [[59, 500], [1941, 500], [500, 59], [500, 1541]]


def test_a_run_that_nobody_looked_at_is_refused_as_truth(kidney_slide: Slide, tmp_path) -> None:
    header = "x,y,radius,detection_score,label\n"
    file = written(tmp_path, "100,100,60,0.9,", "500,100,50,0.8,", header=header)
    with pytest.raises(UserError, match=r"truth\.csv holds 2 detections .* Outline the glomeruli"):
        read_truth(file, kidney_slide, GGS)


def test_detections_that_nobody_confirmed_are_no_truth(kidney_slide: Slide, tmp_path) -> None:
    header = "x,y,radius,detection_score,label\n"
    file = written(tmp_path, "100,100,60,0.9,", "500,100,50,0.8,normal", header=header)
    assert read_truth(file, kidney_slide, GGS).circles.tolist() == [[500, 100, 50]]


def test_files_in_a_folder_are_found_by_the_slides_name(tmp_path) -> None:
    for name in ("a.csv", "a.geojson", "b.truth.csv", "b.csv", "c.geojson"):
        (tmp_path / name).touch()
    slides = [Path(name) for name in ("b.svs", "a.svs", "elsewhere/c.ndpi")]
    found = truth_files(slides, [tmp_path])
    assert [path.name for path in found] == ["b.truth.csv", "a.csv", "c.geojson"]
    with pytest.raises(UserError, match=r"no truth for the slide d .* expected d\.csv"):
        truth_files([Path("d.svs")], [tmp_path])
    with pytest.raises(UserError, match=r"a\.csv would be the truth of two slides"):
        truth_files([Path("a.svs"), Path("elsewhere/a.svs")], [tmp_path])


def test_truth_files_are_as_many_as_slides_and_there(tmp_path) -> None:
    one = tmp_path / "one.csv"
    one.touch()
    assert truth_files([Path("a.svs")], [one]) == [one]
    with pytest.raises(UserError, match="2 slides and 1 truth files"):
        truth_files([Path("a.svs"), Path("b.svs")], [one])
    with pytest.raises(UserError, match=r"no truth file .*none\.csv"):
        truth_files([Path("a.svs")], [tmp_path / "none.csv"])
