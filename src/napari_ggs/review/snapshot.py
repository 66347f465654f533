"""A finished review as it stands: what a case says, frozen."""

import json
from dataclasses import asdict
from typing import Any

from napari_ggs.glomeruli import GEOMETRY, classes_in_force
from napari_ggs.review.answer import answer
from napari_ggs.review.session import Session

COLUMNS = ["id", *GEOMETRY, "label", "predicted", "assessment", "flags", "note"]


def snapshot(session: Session, *, count_cut: bool = True) -> dict[str, Any]:
    """The answer and every circle of a review, in what JSON can hold (NaN becomes null).

    Glomeruli cut by the edge of the tissue are in the answer if `count_cut`.
    """
    table = session.table
    everything, scheme = session.everything, session.scheme
    said = answer(everything, scheme, session.thresholds, count_cut=count_cut)
    circles = table[COLUMNS].assign(counts_as=classes_in_force(table))
    whole = {
        "scheme": scheme.name,
        "thresholds": asdict(session.thresholds),
        "reviewer": session.who,
        "answer": asdict(said),
        "circles": json.loads(circles.to_json(orient="records")),
    }
    return _without_nan(whole)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and value != value else value
