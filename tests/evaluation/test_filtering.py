import numpy as np
import pytest
from hypothesis import given, settings

from napari_ggs import glomeruli
from napari_ggs.evaluation import average_precision, compare, kept, true_classes
from napari_ggs.lesions import CIRCLEMIX, GGS
from tests.tables import tables

SURE, NONE = [0.9, 0.05, 0.0, 0.0, 0.05], [0.1, 0.0, 0.0, 0.0, 0.9]
TABLE = glomeruli.build(
    [(0, 0, 10), (100, 0, 10), (300, 0, 10), (500, 0, 10)],
    [0.6, 0.5, 0.9, 0.4],
    [SURE, SURE, NONE, SURE],
    GGS,
)
TRUTH = [(0, 0, 10), (100, 0, 10)]


def test_the_filter_lifts_precision_by_what_the_classifier_rejects() -> None:
    plain, rows = compare(TABLE, TRUTH, ignored=[(500, 0, 10)])
    filtered = plain.where(kept(rows, GGS))
    assert average_precision([plain]).ap50.value == pytest.approx(2 / 3, abs=0.01)
    assert average_precision([filtered]).ap50.value == 1


def test_a_stricter_classifier_keeps_less() -> None:
    half = glomeruli.build([(0, 0, 1)], [0.5], [[0.6, 0, 0, 0, 0.4]], GGS)
    assert kept(half, GGS).tolist() == [True]
    assert kept(half, GGS, t_glom=0.7).tolist() == [False]


def test_a_scheme_without_non_glomerulus_keeps_all_but_what_it_could_not_see() -> None:
    table = glomeruli.build([(0, 0, 1)] * 2, [1, 1], [[0.2] * 5, [np.nan] * 5], CIRCLEMIX)
    assert kept(table, CIRCLEMIX).tolist() == [True, False]


def test_each_find_is_told_what_it_really_is() -> None:
    plain, rows = compare(TABLE, TRUTH, ignored=[(500, 0, 10)])
    names = true_classes(plain, ["normal", "obsolescent"])
    assert dict(zip(rows["x"], names, strict=True)) == {
        0: "normal",
        100: "obsolescent",
        300: "non-glomerulus",
        500: "",
    }


@settings(max_examples=40)
@given(tables(GGS))
def test_rows_stand_in_the_order_of_the_comparison_without_drawn_circles(table) -> None:
    comparison, rows = compare(table, [])
    np.testing.assert_array_equal(glomeruli.circles_of(rows), comparison.found)
    np.testing.assert_array_equal(rows["detection_score"], comparison.scores)
    assert len(rows) == table["detection_score"].notna().sum()
