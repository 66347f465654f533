"""ImageScope XML: ours comes back, and what people draw is understood."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.exchange.circle_table import truth
from napari_ggs.exchange.imagescope import write_imagescope
from napari_ggs.exchange.imagescope_reading import read_imagescope
from napari_ggs.exchange.reading import read_circles
from napari_ggs.lesions import GGS, SCHEMES
from tests.tables import tables

GEOMETRY = ["x", "y", "radius"]


def layer(regions: str, name: str = "", colour: int = 65280) -> str:
    return (
        f'<Annotation Name="{name}" LineColor="{colour}"><Regions>{regions}</Regions></Annotation>'
    )


def region(points: list[tuple[float, float]], kind: int = 2, text: str = "", more: str = "") -> str:
    vertices = "".join(f'<Vertex X="{x}" Y="{y}" Z="0"/>' for x, y in points)
    return f'<Region Type="{kind}" Text="{text}" {more}><Vertices>{vertices}</Vertices></Region>'


CIRCLE = region([(0, 0), (20, 20)])


def read(folder: Path, *layers: str) -> pd.DataFrame:
    path = folder / "drawn.xml"
    path.write_text(f"<Annotations>{''.join(layers)}</Annotations>")
    return read_circles(path)


@pytest.mark.parametrize("height", [None, 30_000])
@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=list(SCHEMES))
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_what_people_vouch_for_comes_back_and_nothing_else(
    scheme, height, data, tmp_path_factory
) -> None:
    table = data.draw(tables(scheme))
    path = tmp_path_factory.mktemp("xml") / "slide.xml"
    write_imagescope(table, path, mpp=0.25, leica_height=height)
    again = read_imagescope(path, height)
    known = table[truth(table)].sort_values("label", kind="stable")
    assert again.get("label", pd.Series()).replace("glomerulus", "").tolist() == list(known.label)
    np.testing.assert_allclose(
        again[GEOMETRY].to_numpy(float), known[GEOMETRY].to_numpy(), rtol=1e-9, atol=1e-8
    )


def test_layers_have_the_predecessors_colours_and_regions_the_corners(tmp_path) -> None:
    classes = ["normal", "obsolescent", "solidified", "disappearing", "non-glomerulus", ""]
    table = glomeruli.build([(100, 50, 20)] * 6, [0.7] * 6, [[0.2] * 5] * 6, GGS)
    table = table.assign(label=classes, predicted="", cut=[True] + [False] * 5)
    table.loc[5, "detection_score"] = np.nan
    write_imagescope(table, tmp_path / "a.xml", mpp=0.5)
    root = ElementTree.parse(tmp_path / "a.xml").getroot()
    assert root.get("MicronsPerPixel") == "0.5"
    colours = {one.get("Name"): int(one.get("LineColor", 0)) for one in root.iter("Annotation")}
    assert colours == {
        "normal": 255,
        "obsolescent": 65535,
        "solidified": 16744448,
        "disappearing": 65280,
        "non-glomerulus": 0x333333,
        "glomerulus": 0xFFFFFF,
    }
    [corners] = {
        tuple((v.get("X"), v.get("Y")) for v in one.iter("Vertex")) for one in root.iter("Region")
    }
    assert corners == (("80.0", "30.0"), ("120.0", "70.0"))
    assert {one.get("Type") for one in root.iter("Region")} == {"2"}
    again = read_circles(tmp_path / "a.xml").set_index("label").cut
    assert again.to_dict() == {name: name == "normal" for name in classes}


def test_a_leica_slide_is_turned(tmp_path) -> None:
    table = glomeruli.build([(100, 50, 20)], [np.nan], [[0.2] * 5], GGS)
    write_imagescope(table, tmp_path / "a.xml", leica_height=1000)
    x, y, _ = read_imagescope(tmp_path / "a.xml").loc[0, GEOMETRY]
    assert (x, y) == (950, 100), "X = height - y, Y = x"


def test_shapes_are_the_circles_of_their_area(tmp_path) -> None:
    square = [(0, 0), (40, 0), (40, 40), (0, 40)]
    shapes = [
        region([(0, 0), (40, 10)]),
        region(square, kind=1),
        region([(0, 0), (40, 40)], kind=1),
        region(square, kind=0),
        region([(0, 0), (9, 9)], kind=0),
        region([(0, 0), (9, 9)], kind=4),
        region(square, kind=0, more='NegativeROA="1"'),
    ]
    found = read(tmp_path, layer("".join(shapes)))
    of_square = pytest.approx(np.sqrt(1600 / np.pi))
    assert found.radius.tolist() == [10, of_square, of_square, of_square]


def test_a_name_is_the_regions_or_the_layers_and_a_score_is_none(tmp_path) -> None:
    texts = ["Obsolescent", "0.914", "see the hilum"]
    named = layer("".join(region([(0, 0), (9, 9)], text=text) for text in texts), "normal")
    assert read(tmp_path, named).label.tolist() == ["obsolescent", "normal", "normal"]
    scored = layer(region([(0, 0), (9, 9)], text="0.914"))
    assert read(tmp_path, scored).label.tolist() == [""]
    with pytest.raises(UserError, match="'GS'"):
        read(tmp_path, layer(region([(0, 0), (9, 9)], text="GS")))


def test_colours_name_classes_only_where_they_tell_layers_apart(tmp_path) -> None:
    assert read(tmp_path, layer(CIRCLE)).label.tolist() == [""], "green is ImageScope's default"
    two = read(tmp_path, layer(CIRCLE), layer(CIRCLE, colour=65535))
    assert two.label.tolist() == ["disappearing", "obsolescent"]
    other = read(tmp_path, layer(CIRCLE), layer(CIRCLE, colour=12345))
    assert other.label.tolist() == ["", ""]


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_vertex_without_a_coordinate_is_named(kind: int, tmp_path) -> None:
    damaged = region([(0, 0), (30, 0), (30, 40)], kind, more='Id="7"').replace(' Y="40"', "")
    with pytest.raises(UserError, match=r"drawn\.xml .*region 7 of the layer 'normal'"):
        read(tmp_path, layer(CIRCLE + damaged, "normal"))


@pytest.mark.parametrize("text", ["", "<svg/>", "<Annotations>", "not xml"])
def test_what_is_no_imagescope_file_is_refused(text: str, tmp_path) -> None:
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(UserError, match=r"a\.xml is no ImageScope annotation"):
        read_imagescope(tmp_path / "a.xml")


def test_an_unnamed_layer_of_something_else_is_asked_for(tmp_path) -> None:
    with pytest.raises(UserError, match=r"'Cortex'.*--map 'Cortex='"):
        read(tmp_path, layer(CIRCLE, "Cortex"))
    path = tmp_path / "drawn.xml"
    assert len(read_circles(path, classes={"Cortex": ""})) == 0
