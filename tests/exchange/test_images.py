"""labelme and COCO: circles in the pixels of an annotated image."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.errors import UserError
from napari_ggs.exchange.circle_table import truth
from napari_ggs.exchange.coco import read_coco, write_coco
from napari_ggs.exchange.labelme import read_labelme, write_labelme
from napari_ggs.exchange.reading import read_circles
from napari_ggs.exchange.run_lengths import decoded
from napari_ggs.lesions import GGS
from tests.tables import tables

GEOMETRY = ["x", "y", "radius"]
SQUARE = [[0, 0], [40, 0], [40, 40], [0, 40]]
OF_SQUARE = pytest.approx([20, 20, np.sqrt(1600 / np.pi)])


def labelme(folder: Path, *shapes: dict) -> pd.DataFrame:
    path = folder / "field.json"
    path.write_text(json.dumps({"shapes": [{"label": "normal", **one} for one in shapes]}))
    return read_circles(path)


def coco(folder: Path, *annotations: dict, images: tuple[str, ...] = ("a.png",)) -> Path:
    path = folder / "instances.json"
    content = {
        "images": [{"id": i, "file_name": name} for i, name in enumerate(images)],
        "categories": [{"id": 7, "name": "Glomerulus"}],
        "annotations": [{"image_id": 0, "category_id": 7, **one} for one in annotations],
    }
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("form", ["labelme", "coco"])
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_what_people_vouch_for_comes_back_and_nothing_else(
    form: str, data, tmp_path_factory
) -> None:
    table = data.draw(tables(GGS))
    known = table[truth(table)]
    path = tmp_path_factory.mktemp(form) / "slide.json"
    (write_labelme if form == "labelme" else write_coco)(table, path, "slide.svs", (900, 700))
    content = json.loads(path.read_text())
    _, size = read_labelme(path, content) if form == "labelme" else read_coco(path, content, None)
    assert size == (900, 700)
    again = read_circles(path)
    assert again["label"].tolist() == known["label"].tolist()
    np.testing.assert_allclose(
        again[GEOMETRY].to_numpy(float), known[GEOMETRY].to_numpy(), rtol=1e-9, atol=1e-7
    )


def test_labelme_circles_polygons_and_rectangles_are_read(tmp_path) -> None:
    found = labelme(
        tmp_path,
        {"shape_type": "circle", "points": [[10, 20], [13, 24]]},
        {"shape_type": "rectangle", "points": [[40, 40], [0, 0]]},
        {"shape_type": "rectangle", "points": SQUARE},
        {"shape_type": "polygon", "points": SQUARE},
        {"shape_type": "line", "points": SQUARE[:2]},
    )
    rows = found[GEOMETRY].to_numpy().tolist()
    assert rows[0] == [10, 20, 5]
    assert rows[1:] == [OF_SQUARE] * 3


def test_an_unknown_labelme_shape_is_named(tmp_path) -> None:
    with pytest.raises(UserError, match=r"field\.json is no labelme.*'mask'"):
        labelme(tmp_path, {"shape_type": "mask", "points": SQUARE})


def test_coco_takes_the_outline_before_circles_and_boxes(tmp_path) -> None:
    box = {"bbox": [0, 0, 40, 40]}
    theirs = {"circle_center": [20, 20], "circle_radius": 28.3}
    outline = {"segmentation": [np.ravel(SQUARE).tolist()]}
    found = read_circles(coco(tmp_path, box, box | theirs, box | theirs | outline))
    rows = found[GEOMETRY].to_numpy().tolist()
    assert rows[0] == rows[2] == OF_SQUARE
    assert rows[1] == [20, 20, 28.3]
    assert found.label.tolist() == [""] * 3


def test_coco_run_lengths_are_read(tmp_path) -> None:
    """The text is faster-coco-eval's, of an ellipse around (40, 20) with the half axes 30, 14.1."""
    text = (
        "Ue07c14M2N2O0O2N2O0O2O000O2O000O2O00000O2O00000000000O2O0000000000000001N1000000000001N1"
        "000001N10001N10001N101N2N101N2N3LYb0"
    )
    mask = decoded({"size": [60, 80], "counts": text})
    y, x = np.mgrid[:60, :80]
    assert (mask == ((x - 40) ** 2 / 900 + (y - 20) ** 2 / 200 < 1)).all()
    plain = {"segmentation": {"size": [4, 5], "counts": [5, 2, 2, 2, 9]}}
    [row] = read_circles(coco(tmp_path, plain))[GEOMETRY].to_numpy()
    assert row == pytest.approx([2, 2, np.sqrt(4 / np.pi)])
    short = {"segmentation": {"size": [4, 5], "counts": [5, 2]}}
    with pytest.raises(UserError, match="runs of 7 px do not fill 5 x 4 px"):
        read_circles(coco(tmp_path, short))


def test_of_several_images_the_slides_own_is_taken(tmp_path, kidney_slide) -> None:
    box = {"bbox": [0, 0, 40, 40], "image_id": 1}
    path = coco(tmp_path, box, box | {"image_id": 0}, images=("other.png", "kidney.png"))
    assert len(read_circles(path, kidney_slide)) == 1
    with pytest.raises(UserError, match="2 images"):
        read_circles(path)


@pytest.mark.parametrize(
    "images", [[], ["a"], None, 5, {"id": 0}, [{"id": 0, "width": "x", "height": 9}]]
)
def test_a_coco_file_without_a_proper_image_is_refused(images: object, tmp_path) -> None:
    path = coco(tmp_path, {"bbox": [0, 0, 40, 40]})
    path.write_text(json.dumps(json.loads(path.read_text()) | {"images": images}))
    with pytest.raises(UserError, match=r"instances\.json (describes no image|is no COCO file)"):
        read_circles(path)


def test_an_annotation_without_a_shape_is_refused(tmp_path) -> None:
    with pytest.raises(UserError, match=r"instances\.json is no COCO file"):
        read_circles(coco(tmp_path, {}))
