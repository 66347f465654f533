"""An audit: drawn at random and the same each time, and what its review says."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review.answer import answer
from napari_ggs.review.audit import Audit, audited, draw_audit, pending
from napari_ggs.review.expectations import expect
from napari_ggs.review.prediction_powered import ratio
from tests.review.simulated import as_sure_as_published, calibrated, labelled

LIMITS = Thresholds(detection=0.1)


def draw(table: pd.DataFrame, number: int = 1, size: int = 10) -> Audit:
    return draw_audit(table, GGS, LIMITS, "f00d", number, size=size)


def review(table: pd.DataFrame, truth: np.ndarray, audit: Audit) -> pd.DataFrame:
    return labelled(table, truth, table.index.get_indexer(list(audit.handles)))


def share(truth: np.ndarray) -> float:
    return float(np.isin(truth, GGS.sclerotic).sum() / np.isin(truth, GGS.glomerular).sum())


def test_an_audit_is_the_same_for_the_same_slide_number_and_circles() -> None:
    table, _ = calibrated(60)
    first = draw(table)
    assert draw(table.sample(frac=1, random_state=1)) == first
    assert draw(table, number=2).handles != first.handles
    assert draw_audit(table, GGS, LIMITS, "beef").handles != first.handles


def test_an_audit_survives_json() -> None:
    audit = draw(calibrated(30)[0])
    assert Audit.from_dict(json.loads(json.dumps(audit.to_dict()))) == audit


def test_ten_different_circles_are_drawn_among_the_unreviewed() -> None:
    table, truth = calibrated(60)
    table = labelled(table, truth, np.arange(30))
    table["removed"] = [i == 40 for i in range(60)]
    audit = draw(table)
    assert len(set(audit.handles)) == 10
    assert set(audit.handles) <= set(audit.frame) == {*range(30, 60)} - {40}


def test_every_circle_is_drawn_about_equally_often() -> None:
    table, _ = calibrated(20)
    drawn = np.concatenate([draw(table, number).handles for number in range(400)])
    assert np.bincount(drawn, minlength=20) == pytest.approx(200, abs=50)


def test_fewer_than_ten_are_all_drawn_and_none_is_an_error() -> None:
    table, truth = calibrated(12)
    assert len(draw(labelled(table, truth, np.arange(5))).handles) == 7
    with pytest.raises(UserError, match="Every circle is reviewed"):
        draw(labelled(table, truth, np.arange(12)))


def test_an_audit_waits_until_its_circles_are_judged() -> None:
    table, truth = calibrated(40)
    audit = draw(table)
    first, second, third, *rest = audit.handles
    table["assessment"] = ["uncertain" if i == first else "" for i in range(40)]
    table["removed"] = [i == second for i in range(40)]
    table.loc[third, "label"] = truth[third]
    assert pending(audit, table) == rest
    assert pending(audit, table.drop(index=second)) == rest
    with pytest.raises(UserError, match="7 of the 10 circles of audit 1"):
        audited(audit, table, GGS, LIMITS)


def test_an_audit_of_everything_is_the_plain_share() -> None:
    table, truth = calibrated(25)
    audit = draw(table, size=25)
    found = audited(audit, review(table, truth, audit), GGS, LIMITS)
    assert found.theta.value == pytest.approx(share(truth))
    assert found.theta.low == found.theta.high == pytest.approx(share(truth))


def test_a_model_without_errors_is_confirmed() -> None:
    table, _ = calibrated(60)
    truth = table["predicted"].to_numpy(dtype=object)
    for name in GGS.classes:
        table[GGS[name].column] = (truth == name).astype(float)
    audit = draw(table)
    found = audited(audit, review(table, truth, audit), GGS, LIMITS)
    assert found.theta.value == pytest.approx(share(truth))
    assert found.wrong.value == 0
    assert found.wrong.high == pytest.approx(0.278, abs=0.001)


def test_an_audit_corrects_a_model_that_is_wrong_in_the_same_way_everywhere() -> None:
    """Every normal glomerulus is taken for a sclerotic one."""
    truth = np.array((["normal"] * 5 + ["obsolescent"] * 5) * 20, dtype=object)
    table, _ = calibrated(200)
    table[list(GGS.columns)] = [0.0, 1.0, 0.0, 0.0, 0.0]
    table["predicted"] = "obsolescent"
    errors, held = [], []
    for number in range(50):
        audit = draw(table, number)
        found = audited(audit, review(table, truth, audit), GGS, LIMITS).theta
        errors.append(found.value - 0.5)
        held.append(found.low <= 0.5 <= found.high)
    assert expect(table, GGS, LIMITS).theta == 1
    assert np.mean(errors) == pytest.approx(0, abs=0.07)
    assert np.mean(held) > 0.85


def test_audits_of_calibrated_slides_hold_the_share_and_are_not_biased() -> None:
    held, errors = [], []
    for seed in range(60):
        table, truth = as_sure_as_published(80, seed)
        audit = draw_audit(table, GGS, LIMITS, f"slide {seed}")
        found = audited(audit, review(table, truth, audit), GGS, LIMITS).theta
        held.append(found.low <= share(truth) <= found.high)
        errors.append(found.value - share(truth))
    assert np.mean(held) > 0.9
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(len(errors))


def test_what_was_reviewed_before_counts_as_it_is() -> None:
    table, truth = calibrated(60)
    before = labelled(table, truth, np.arange(0, 50))
    audit = draw(before)
    found = audited(audit, review(before, truth, audit), GGS, LIMITS)
    assert found.theta.value == pytest.approx(share(truth))


def test_what_the_queue_reviewed_after_the_draw_does_not_move_the_estimate() -> None:
    table, truth = calibrated(60)
    audit = draw(table)
    done = review(table, truth, audit)
    later = labelled(done, truth, np.arange(20))
    first, second = (audited(audit, one, GGS, LIMITS).theta for one in (done, later))
    assert second.value == pytest.approx(first.value)


def test_a_circle_taken_out_counts_as_no_glomerulus() -> None:
    table, truth = calibrated(40)
    audit = draw(table, size=40)
    done = review(table, truth, audit)
    gone = int(np.flatnonzero(np.isin(truth, GGS.sclerotic))[0])
    removed = done.assign(removed=[i == gone for i in range(40)])
    expected = answer(removed, GGS, LIMITS).theta
    for one in (removed, done.drop(index=gone)):
        assert audited(audit, one, GGS, LIMITS).theta.value == pytest.approx(expected)
    uncertain = done.assign(assessment=["uncertain" if i == gone else "" for i in range(40)])
    assert audited(audit, uncertain, GGS, LIMITS).theta.value == pytest.approx(expected)


def test_wrong_counts_the_kind_and_not_the_subtype() -> None:
    table, _ = calibrated(20)
    table[list(GGS.columns)] = [0.0, 1.0, 0.0, 0.0, 0.0]
    audit = draw(table)
    subtype = audited(audit, table.assign(label="solidified"), GGS, LIMITS)
    normal = audited(audit, table.assign(label="normal"), GGS, LIMITS)
    assert (subtype.wrong.value, normal.wrong.value) == (0, 1)
    assert subtype.wrong.n == 10


def test_one_audited_circle_takes_its_width_from_the_model() -> None:
    table, truth = calibrated(30)
    audit = draw(table, size=1)
    found = audited(audit, review(table, truth, audit), GGS, LIMITS).theta
    assert found.n == 1
    assert found.low < found.high


def test_no_glomerulus_left_has_no_share() -> None:
    nothing = np.zeros((3, 2))
    assert np.isnan(ratio(nothing, nothing, np.zeros((9, 2)), np.zeros(2)).value)


@given(st.integers(0, 500), st.integers(1, 15))
@settings(max_examples=50)
def test_the_estimate_lies_in_its_interval_and_within_0_and_1(seed: int, size: int) -> None:
    table, truth = calibrated(30, seed)
    audit = draw(table, number=seed, size=size)
    found = audited(audit, review(table, truth, audit), GGS, LIMITS).theta
    if size >= 10 or not np.isnan(found.value):
        assert 0 <= found.low <= found.value <= found.high <= 1
