import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
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
    pd.testing.assert_frame_equal(again, table.reset_index(drop=True))


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
