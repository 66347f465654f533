from math import nan

import pandas as pd
import pytest

from napari_ggs.errors import UserError
from napari_ggs.evaluation import Estimate, confusion_table, markdown, table_of, write_table

FIGURES = {"AP": Estimate(2 / 3, 12, 0.5, 0.75), "AP50": Estimate(nan, 0)}


def test_a_table_has_a_row_for_each_figure() -> None:
    table = table_of(FIGURES, protocol="ggs", filter="with")
    assert list(table.columns) == ["protocol", "filter", "figure", "value", "low", "high", "n"]
    assert table["figure"].tolist() == ["AP", "AP50"]
    assert set(table["protocol"]) == {"ggs"}


def test_markdown_shows_interval_and_n_beside_each_figure() -> None:
    assert markdown(table_of(FIGURES, protocol="ggs")).splitlines() == [
        "| protocol | figure | value | 95 % interval | n |",
        "| --- | --- | ---: | --- | ---: |",
        "| ggs | AP | 0.667 | 0.500 to 0.750 | 12 |",
        "| ggs | AP50 | undefined |  | 0 |",
    ]


def test_a_confusion_matrix_names_its_rows_and_columns() -> None:
    table = confusion_table([[3, 1], [0, 2]], ("normal", "obsolescent"))
    assert markdown(table).splitlines() == [
        "| truth | normal | obsolescent |",
        "| --- | ---: | ---: |",
        "| normal | 3 | 1 |",
        "| obsolescent | 0 | 2 |",
    ]


def test_tables_are_written_for_machines_and_for_people(tmp_path) -> None:
    csv, md = write_table(table_of(FIGURES), tmp_path / "detection.v2")
    assert (csv.name, md.name) == ("detection.v2.csv", "detection.v2.md")
    back = pd.read_csv(csv)
    assert back["value"][0] == pytest.approx(2 / 3, abs=1e-6)
    assert md.read_text().startswith("| figure | value")


def test_a_folder_that_is_not_there_is_said(tmp_path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        write_table(table_of(FIGURES), tmp_path / "none" / "table")
