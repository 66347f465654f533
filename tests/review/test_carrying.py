"""Carrying a review over to another run: places too, and nobody's deleted drawing comes back."""

from pathlib import Path

import numpy as np
import pytest

from napari_ggs import glomeruli
from napari_ggs.glomeruli import GEOMETRY, Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Drawn, Labelled, Moved, Removed
from napari_ggs.review.carrying import carry_over
from napari_ggs.store import CaseStore, fold
from tests.review.test_kept_session import opened, study
from tests.review.test_session import rows_of


@pytest.fixture
def runs(tmp_path: Path) -> tuple[CaseStore, int, int]:
    """A study with a run, and another one that found the same circles."""
    store, before = study(tmp_path)
    run = store.begin_run(store.slides()[0].id, GGS, {}, Thresholds(), None)
    store.add_circles(run, rows_of(6))
    store.finish_run(run, glomeruli.numbered(rows_of(6)), {})
    return store, before, run


def carried(store: CaseStore, before: int, run: int, *readers: str) -> None:
    for who in readers:
        carry_over(store, before, run, who, store.begin_session(who))


def test_a_circle_keeps_the_place_that_a_person_gave_it(runs: tuple[CaseStore, int, int]) -> None:
    store, before, run = runs
    ann, bob = opened(store, before, "ann"), opened(store, before, "bob")
    x, y, radius = ann.rows([2])[GEOMETRY].iloc[0]
    place = np.array([[x + radius / 8, y, radius * 1.1]])
    ann.apply(Moved((2,), place))
    bob.follow()
    bob.apply(Labelled((2,), "solidified"))
    carried(store, before, run, "ann", "bob")
    for who in ("ann", "bob"):
        state = fold(store.table(run), store.events(run), who)
        near = (np.abs(state[GEOMETRY].to_numpy() - place) < 1e-6).all(axis=1)
        assert near.sum() == 1
    assert store.verify() == []


def test_a_drawing_that_was_taken_out_stays_out_whoever_read_the_slide(
    runs: tuple[CaseStore, int, int],
) -> None:
    store, before, run = runs
    ann, bob = opened(store, before, "ann"), opened(store, before, "bob")
    ann.apply(Drawn(5000, 5000, 60, "normal"))
    ann.apply(Removed(ann.latest))
    bob.apply(Labelled((1,), "normal"))
    carried(store, before, run, "ann", "bob")
    state = fold(store.table(run), store.events(run), "bob")
    assert len(state) == 6


def test_a_drawing_that_two_readers_named_is_drawn_once(runs: tuple[CaseStore, int, int]) -> None:
    store, before, run = runs
    ann, bob = opened(store, before, "ann"), opened(store, before, "bob")
    ann.apply(Drawn(5000, 5000, 60, "normal"))
    bob.follow()
    bob.apply(Labelled(ann.latest, "obsolescent"))
    carried(store, before, run, "ann", "bob")
    labels = {w: fold(store.table(run), store.events(run), w)["label"] for w in ("ann", "bob")}
    assert len(labels["ann"]) == len(labels["bob"]) == 7
    assert (labels["ann"].iloc[-1], labels["bob"].iloc[-1]) == ("normal", "obsolescent")
