"""What is frozen of a finished case: the answer, and every circle, as JSON can hold it."""

import json

from napari_ggs.glomeruli import counts
from napari_ggs.lesions import GGS
from napari_ggs.review import Drawn, Labelled, Removed
from napari_ggs.review.snapshot import snapshot
from tests.review.test_session import session_of


def test_a_snapshot_holds_the_answer_and_every_circle() -> None:
    session = session_of(30)
    session.apply(Labelled((1, 2), "solidified"))
    session.apply(Removed((3,)))
    session.apply(Drawn(1, 2, 3, "normal"))
    whole = json.loads(json.dumps(snapshot(session), allow_nan=False))
    assert whole["answer"]["counts"] == counts(session.table, GGS, session.thresholds)
    assert len(whole["circles"]) == len(session.table) == 30
    named = [circle for circle in whole["circles"] if circle["label"] == "solidified"]
    assert [circle["counts_as"] for circle in named] == ["solidified", "solidified"]
