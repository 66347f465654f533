import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.exchange.reading import read_circles
from napari_ggs.exchange.table import read_csv, write_csv
from napari_ggs.lesions import GGS, SCHEMES
from tests.tables import tables


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=list(SCHEMES))
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_table_reads_back_as_it_was_written(scheme, data, tmp_path_factory) -> None:
    table = data.draw(tables(scheme))
    path = tmp_path_factory.mktemp("csv") / "slide.csv"
    write_csv(table, scheme, path)
    again, found = read_csv(path)
    assert found is scheme
    pd.testing.assert_frame_equal(again, table.reset_index(drop=True), check_exact=True)


def test_the_header_is_the_contract(tmp_path) -> None:
    write_csv(glomeruli.empty(GGS), GGS, tmp_path / "empty.csv")
    assert (tmp_path / "empty.csv").read_text() == ",".join(glomeruli.columns(GGS)) + "\n"


def test_a_foreign_csv_is_refused_with_the_expected_columns(tmp_path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="columns a,b; expected id,x,y,radius"):
        read_csv(tmp_path / "other.csv")


def test_an_unknown_class_is_named(tmp_path) -> None:
    path = tmp_path / "slide.csv"
    table = glomeruli.build([(1, 2, 3)], [0.5], [[0.9, 0.1, 0, 0, 0]], GGS)
    write_csv(table.assign(label="sclerosed"), GGS, path)
    with pytest.raises(UserError, match="'sclerosed'"):
        read_csv(path)


@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_circles_of_a_table_are_the_same_however_it_is_read(data, tmp_path_factory) -> None:
    table = data.draw(tables(GGS))
    path = tmp_path_factory.mktemp("csv") / "slide.csv"
    cut = data.draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table)))
    write_csv(table.assign(cut=cut), GGS, path)
    circles = read_circles(path)
    assert circles.cut.tolist() == cut
    assert list(read_csv(path)[0])[: len(table.columns)] == list(table)
    pd.testing.assert_frame_equal(
        circles[list(table)], table.reset_index(drop=True), check_exact=True, check_dtype=False
    )


def test_a_plain_list_of_circles_is_enough(tmp_path) -> None:
    (tmp_path / "a.csv").write_text(
        "remark,x,radius,y,cut,label\nfine,1.5,3,2.5,yes,Normal\n,4,5,6,,\n"
    )
    circles = read_circles(tmp_path / "a.csv")
    assert circles[["x", "y", "radius"]].to_numpy().tolist() == [[1.5, 2.5, 3], [4, 6, 5]]
    assert circles.label.tolist() == ["normal", ""]
    assert circles.cut.tolist() == [True, False]
    assert circles.id.tolist() == [1, 2]


@pytest.mark.parametrize("text", ["", "x,y\n1,2\n", "x,y,radius\n1,2,big\n"])
def test_a_csv_without_circles_is_refused(text: str, tmp_path) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UserError, match=r"a\.csv is no list of circles .*x, y, radius"):
        read_circles(tmp_path / "a.csv")


@pytest.mark.parametrize("radius", ["0", "-3", "", "inf"])
def test_a_row_that_is_no_circle_is_named(radius: str, tmp_path) -> None:
    (tmp_path / "a.csv").write_text(f"x,y,radius\n1,2,3\n4,5,{radius}\n")
    with pytest.raises(UserError, match="row 2 is no circle"):
        read_circles(tmp_path / "a.csv")
