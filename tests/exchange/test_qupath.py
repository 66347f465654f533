import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.exchange.qupath import read_geojson, write_geojson
from napari_ggs.exchange.reading import read_circles
from napari_ggs.lesions import GGS
from tests.tables import tables

SURE = [[0.02, 0.9, 0.03, 0.03, 0.02]]
SQUARE = [[10.0, 20.0], [50.0, 20.0], [50.0, 60.0], [10.0, 60.0], [10.0, 20.0]]


def one(**changed: object) -> pd.DataFrame:
    return glomeruli.build([(100, 50, 20)], [0.7], SURE, GGS).assign(**changed)


def written(table: pd.DataFrame, folder) -> dict:
    write_geojson(table, GGS, folder / "slide.geojson", "fingerprint")
    return json.loads((folder / "slide.geojson").read_text())


def read(content: object, folder) -> pd.DataFrame:
    (folder / "drawn.geojson").write_text(json.dumps(content))
    return read_circles(folder / "drawn.geojson")


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_circles_read_back_without_loss(data, tmp_path_factory) -> None:
    table = data.draw(tables(GGS))
    path = tmp_path_factory.mktemp("geojson") / "slide.geojson"
    write_geojson(table, GGS, path, "fingerprint")
    pd.testing.assert_frame_equal(
        read_geojson(path, GGS), table, check_dtype=False, check_exact=True
    )


def test_a_feature_is_what_qupath_reads(tmp_path) -> None:
    feature = written(one(), tmp_path)["features"][0]
    assert feature["type"] == "Feature"
    assert feature["geometry"]["type"] == "Polygon"
    assert feature["geometry"]["isEllipse"] is True
    assert feature["properties"]["objectType"] == "annotation"
    assert feature["properties"]["classification"] == {
        "name": "obsolescent",
        "color": [0xE0, 0x80, 0x00],
    }


def test_the_polygon_is_closed_and_has_the_area_of_the_circle(tmp_path) -> None:
    ring = np.array(written(one(), tmp_path)["features"][0]["geometry"]["coordinates"][0])
    assert ring[0].tolist() == ring[-1].tolist()
    x, y = ring.T
    area = 0.5 * abs(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))
    assert area == pytest.approx(np.pi * 20**2)


def test_object_ids_are_the_same_for_the_same_slide_and_number(tmp_path) -> None:
    assert written(one(), tmp_path) == written(one(), tmp_path)


def test_a_human_label_is_the_classification(tmp_path) -> None:
    properties = written(one(label="solidified"), tmp_path)["features"][0]["properties"]
    assert properties["classification"]["name"] == "solidified"
    assert properties["metadata"]["predicted"] == "obsolescent"


def test_a_circle_that_could_not_be_classified_has_no_classification(tmp_path) -> None:
    unread = glomeruli.build([(100, 50, 20)], [0.7], [[np.nan] * 5], GGS)
    assert "classification" not in written(unread, tmp_path)["features"][0]["properties"]
    pd.testing.assert_frame_equal(
        read_geojson(tmp_path / "slide.geojson", GGS), unread, check_dtype=False
    )


def test_what_was_changed_in_qupath_wins(tmp_path) -> None:
    content = written(one(cut=True), tmp_path)
    row = read(content, tmp_path).iloc[0]
    assert (row.predicted, row.label, row.cut, row.radius) == ("obsolescent", "", True, 20)
    feature = content["features"][0]
    feature["properties"]["classification"]["name"] = "Solidified"
    feature["geometry"]["coordinates"][0] = [
        [x + 30, y] for x, y in feature["geometry"]["coordinates"][0]
    ]
    row = read(content, tmp_path).iloc[0]
    assert (row.predicted, row.label) == ("obsolescent", "solidified")
    assert (row.x, row.y, row.radius) == pytest.approx((130, 50, 20), rel=1e-3)


@pytest.mark.parametrize("wrapped", ["collection", "list", "feature"])
@pytest.mark.parametrize(
    "classification",
    [{"name": "Normal"}, {"names": ["Normal"], "color": [1, 2, 3]}, "Normal"],
)
def test_a_polygon_drawn_in_qupath_is_the_circle_of_its_area(
    tmp_path, wrapped: str, classification: object
) -> None:
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        "properties": {"objectType": "annotation", "classification": classification},
    }
    content = {
        "collection": {"type": "FeatureCollection", "features": [feature]},
        "list": [feature],
        "feature": feature,
    }[wrapped]
    table = read(content, tmp_path)
    assert table.loc[0, ["x", "y", "radius"]].tolist() == pytest.approx(
        [30, 40, np.sqrt(1600 / np.pi)]
    )
    assert table.label.tolist() == ["normal"]
    assert np.isnan(table.detection_score).all()


def test_ellipses_parts_and_marks_of_qupath(tmp_path) -> None:
    ellipse = {"type": "Polygon", "coordinates": [SQUARE[:4]], "isEllipse": True}
    parts = {"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}
    line = {"type": "LineString", "coordinates": SQUARE}
    features = [{"type": "Feature", "geometry": shape} for shape in (ellipse, parts, line)]
    table = read(features, tmp_path)
    assert table.radius.tolist() == pytest.approx([20, np.sqrt(3200 / np.pi)])
    assert table.label.tolist() == ["", ""]
    assert table.id.tolist() == [1, 2]


@pytest.mark.parametrize("text", ["", "{}", '{"features": [{"properties": {}}]}', "[1]"])
def test_what_is_no_export_of_circles_is_refused(text: str, tmp_path) -> None:
    (tmp_path / "x.geojson").write_text(text)
    with pytest.raises(UserError, match="no GeoJSON of outlined glomeruli"):
        read_geojson(tmp_path / "x.geojson", GGS)


def test_a_class_of_another_scheme_is_named(tmp_path) -> None:
    written(one(label="solidified"), tmp_path)
    text = (tmp_path / "slide.geojson").read_text().replace("solidified", "sclerotic")
    (tmp_path / "slide.geojson").write_text(text)
    with pytest.raises(UserError, match="'sclerotic'; expected one of normal"):
        read_geojson(tmp_path / "slide.geojson", GGS)
