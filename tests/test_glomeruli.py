import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import CIRCLEMIX, GGS, NON_GLOMERULUS

SURE = {name: np.eye(5)[i] * 0.9 + 0.02 for i, name in enumerate(GGS.classes)}


def table_of(*names: str, scores: float = 0.8):
    circles = [(10.0 * i, 5.0, 3.0) for i in range(len(names))]
    return glomeruli.build(circles, [scores] * len(names), [SURE[n] for n in names], GGS)


def test_columns_are_the_csv_contract() -> None:
    assert ",".join(glomeruli.columns(GGS)) == (
        "id,x,y,radius,detection_score,predicted,label,"
        "p_normal,p_obsolescent,p_solidified,p_disappearing,p_non_glomerulus"
    )
    assert list(glomeruli.empty(GGS).columns) == glomeruli.columns(GGS)


def test_a_circle_is_rejected_by_its_total_glomerular_probability_not_by_argmax() -> None:
    # non-glomerulus is the likeliest single class, yet the glomerular classes sum to .6
    p = [[0.2, 0.3, 0.05, 0.05, 0.4]]
    assert glomeruli.predict(p, GGS).tolist() == ["obsolescent"]
    assert glomeruli.predict(p, GGS, t_glom=0.7).tolist() == [NON_GLOMERULUS]


def test_a_scheme_without_non_glomerulus_filters_nothing() -> None:
    assert not CIRCLEMIX.can_filter
    p = np.full((1, 5), 0.2)
    assert glomeruli.predict(p, CIRCLEMIX, t_glom=1.0).tolist() == ["normal"]


def test_a_circle_without_probabilities_has_no_prediction() -> None:
    assert glomeruli.predict(np.full((1, 5), np.nan), GGS).tolist() == [""]


def test_a_human_label_overrides_both_thresholds() -> None:
    table = table_of("normal", NON_GLOMERULUS, "obsolescent", scores=0.01)
    table["label"] = ["", "solidified", NON_GLOMERULUS]
    strict = Thresholds(detection=0.5, glomerulus=0.5)
    assert glomeruli.counted(table, GGS, strict).tolist() == [False, True, False]


def test_a_circle_drawn_by_a_person_needs_no_detection_score() -> None:
    table = table_of("normal", scores=np.nan)
    assert glomeruli.passes(table, Thresholds(detection=0.9)).all()


def test_counts_and_percent_follow_the_class_in_force() -> None:
    table = table_of("normal", "normal", "obsolescent", "solidified", NON_GLOMERULUS)
    table.loc[0, "label"] = "disappearing"
    counts = glomeruli.counts(table, GGS, Thresholds())
    assert counts == {"normal": 1, "obsolescent": 1, "solidified": 1, "disappearing": 1}
    assert glomeruli.percent_sclerotic(counts, GGS) == 75


def test_no_glomerulus_has_no_percentage() -> None:
    counts = glomeruli.counts(glomeruli.empty(GGS), GGS, Thresholds())
    assert glomeruli.percent_sclerotic(counts, GGS) is None


@given(st.lists(st.tuples(st.floats(0, 99), st.floats(0, 99)), min_size=1, max_size=12), st.data())
def test_numbers_do_not_depend_on_the_order_of_finding(places, data) -> None:
    circles = np.array([(x, y, 3.0) for x, y in places])
    shuffled = circles[data.draw(st.permutations(range(len(circles))))]
    n = len(circles)
    p = np.tile(SURE["normal"], (n, 1))
    first = glomeruli.numbered(glomeruli.build(circles, np.ones(n), p, GGS))
    again = glomeruli.numbered(glomeruli.build(shuffled, np.ones(n), p, GGS))
    np.testing.assert_array_equal(glomeruli.circles_of(first), glomeruli.circles_of(again))
    assert first["id"].tolist() == list(range(1, n + 1))
    assert sorted(zip(first["y"], first["x"], strict=True)) == list(
        zip(first["y"], first["x"], strict=True)
    )


def test_probabilities_of_the_wrong_width_are_refused() -> None:
    with pytest.raises(ValueError, match="reshape"):
        glomeruli.build([(0, 0, 1)], [0.5], [[0.1, 0.2]], GGS)
