import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.exchange.qupath import read_geojson, write_geojson
from napari_ggs.lesions import GGS
from tests.tables import tables

SURE = [[0.02, 0.9, 0.03, 0.03, 0.02]]


def written(table: pd.DataFrame, folder) -> dict:
    write_geojson(table, GGS, folder / "slide.geojson", "fingerprint")
    return json.loads((folder / "slide.geojson").read_text())


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_circles_read_back_without_loss(data, tmp_path_factory) -> None:
    table = data.draw(tables(GGS))
    path = tmp_path_factory.mktemp("geojson") / "slide.geojson"
    write_geojson(table, GGS, path, "fingerprint")
    pd.testing.assert_frame_equal(read_geojson(path, GGS), table, check_dtype=False)


def test_a_feature_is_what_qupath_reads(tmp_path) -> None:
    table = glomeruli.build([(100, 50, 20)], [0.7], SURE, GGS)
    feature = written(table, tmp_path)["features"][0]
    assert feature["type"] == "Feature"
    assert feature["geometry"]["type"] == "Polygon"
    assert feature["properties"]["objectType"] == "annotation"
    assert feature["properties"]["classification"] == {
        "name": "obsolescent",
        "color": [0xE0, 0x80, 0x00],
    }


def test_the_polygon_is_closed_and_has_the_area_of_the_circle(tmp_path) -> None:
    table = glomeruli.build([(100, 50, 20)], [0.7], SURE, GGS)
    ring = np.array(written(table, tmp_path)["features"][0]["geometry"]["coordinates"][0])
    assert ring[0].tolist() == ring[-1].tolist()
    x, y = ring.T
    area = 0.5 * abs(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))
    assert area == pytest.approx(np.pi * 20**2)


def test_object_ids_are_the_same_for_the_same_slide_and_number(tmp_path) -> None:
    table = glomeruli.build([(100, 50, 20)], [0.7], SURE, GGS)
    assert written(table, tmp_path) == written(table, tmp_path)


def test_a_human_label_is_the_classification(tmp_path) -> None:
    table = glomeruli.build([(100, 50, 20)], [0.7], SURE, GGS).assign(label="solidified")
    properties = written(table, tmp_path)["features"][0]["properties"]
    assert properties["classification"]["name"] == "solidified"
    assert properties["metadata"]["predicted"] == "obsolescent"


@pytest.mark.parametrize("text", ["", "{}", '{"features": [{"properties": {}}]}', "[1]"])
def test_what_is_no_export_of_circles_is_refused(text: str, tmp_path) -> None:
    (tmp_path / "x.geojson").write_text(text)
    with pytest.raises(UserError, match="no GeoJSON of circles"):
        read_geojson(tmp_path / "x.geojson", GGS)
