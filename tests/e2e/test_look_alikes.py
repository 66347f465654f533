"""Look-alikes in the real window: found by a key, chosen by clicks, named together, undone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from napari import Viewer
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ggs import glomeruli
from napari_ggs.lesions import GGS, NON_GLOMERULUS
from napari_ggs.store import CaseStore
from napari_ggs.viewer.blinding import set_blind
from napari_ggs.viewer.gallery import Gallery
from napari_ggs.viewer.look_alikes import LookAlikes
from napari_ggs.viewer.review_dock import ReviewDock
from tests.e2e.test_detect_and_classify import LONG, click
from tests.e2e.test_review import CTRL, LEFT, NONE, SHIFT, Hand, keep_run, opened_review
from tests.training.drawings import KINDS
from tests.training.study import add_run, add_slide, write_slide


@pytest.fixture
def review(window: Viewer, kidney: Path, study: Path) -> ReviewDock:
    """The Review dock over a slide whose true circles, and some of tissue, are in the study."""
    truth = pd.read_csv(kidney.with_suffix(".truth.csv"))[["x", "y", "radius"]].to_numpy()
    tissue = [(x, y, 70.0) for x in (300.0, 900, 1500) for y in (250.0, 1300)]
    circles = np.vstack([truth, tissue])
    p = np.tile([0.6, 0.1, 0.1, 0.1, 0.1], (len(circles), 1))
    p[len(truth) :] = [0.1, 0.0, 0.0, 0.0, 0.9]
    table = glomeruli.build(circles, np.full(len(circles), 0.9), p, GGS)
    keep_run(study, kidney, table)
    window.open(kidney, plugin="napari-ggs")
    return opened_review(window)


def alike(review: ReviewDock) -> LookAlikes:
    return review.circles.alike


def press(gallery: Gallery, key: Qt.Key, keys: Qt.KeyboardModifier = NONE) -> None:
    gallery.setFocus()
    QTest.keyClick(gallery, key, keys)


def pick(gallery: Gallery, row: int, keys: Qt.KeyboardModifier = NONE) -> None:
    """Click a picture."""
    index = gallery.circles.index(row, 0)
    gallery.scrollTo(index)
    QTest.mouseClick(gallery.viewport(), LEFT, keys, gallery.visualRect(index).center())


def test_look_alikes_are_found_named_together_and_undone_in_one_step(
    window: Viewer, review: ReviewDock, study: Path, qtbot: QtBot
) -> None:
    session, walk, gallery = review.review.session, review.review.walk, review.circles.gallery
    everything = walk.order
    hand = Hand(window, review.review.image)
    walk.next()
    first = walk.current
    hand.press(Qt.Key.Key_K)
    assert alike(review).progress.isVisible(), "the window goes on while the model looks"
    qtbot.waitUntil(lambda: alike(review).shown, timeout=LONG)
    order = walk.order
    assert order[0] == first == walk.current
    assert sorted(order) == sorted(everything)
    assert gallery.circles.rowCount() == len(order)
    assert f"Like circle {session.table.loc[first, 'id']}" in alike(review).words.text()
    before = len(session.journal.events())

    pick(gallery, 0)
    pick(gallery, 1, CTRL)
    pick(gallery, 3, CTRL)
    press(gallery, Qt.Key.Key_3)
    chosen = [order[place] for place in (0, 1, 3)]
    assert session.table.loc[chosen, "label"].tolist() == ["solidified"] * 3
    assert (session.table["label"] == "solidified").sum() == 3
    assert len(session.journal.events()) == before + 1, "one step"
    assert walk.order == order, "they stay where they are"
    press(gallery, Qt.Key.Key_Z, CTRL)
    assert (session.table["label"] == "").all()
    assert sorted(gallery.chosen()) == sorted(review.review.layers.selected()), "what a key acts on"

    pick(gallery, 1)
    pick(gallery, 3, SHIFT)
    press(gallery, Qt.Key.Key_2)
    assert (session.table["label"] == "obsolescent").sum() == 3
    press(gallery, Qt.Key.Key_Z, CTRL)

    assert not review.review.layers[NON_GLOMERULUS].visible
    press(gallery, Qt.Key.Key_A, CTRL)
    press(gallery, Qt.Key.Key_1)
    assert (session.table["label"] == "normal").all(), "also those in a layer that was hidden"
    hand.press(Qt.Key.Key_Z, CTRL)
    assert (session.table["label"] == "").all()

    press(gallery, Qt.Key.Key_Escape)
    assert not alike(review).shown
    assert sorted(walk.order) == sorted(everything)
    click(alike(review).look)
    assert alike(review).shown, "the second time at once"
    click(alike(review).back)
    assert not alike(review).shown
    pick(gallery, 0)
    pick(gallery, 2, SHIFT)
    assert len(review.review.layers.selected()) == 3
    review.circles.sort()
    assert len(review.review.layers.selected()) < 2, "another order ends it"
    assert sorted(gallery.chosen()) == sorted(review.review.layers.selected())
    with CaseStore.open(study) as store:
        assert store.verify() == []


def test_a_click_beside_the_pictures_lets_go_of_all(review: ReviewDock) -> None:
    session, gallery = review.review.session, review.circles.gallery
    press(gallery, Qt.Key.Key_A, CTRL)
    assert len(review.review.layers.selected()) == len(session.table)
    corner = gallery.viewport().rect().bottomRight()
    assert not gallery.indexAt(corner).isValid()
    QTest.mouseClick(gallery.viewport(), LEFT, NONE, corner)
    assert not len(review.review.layers.selected())


def test_the_order_by_what_teaches_comes_once_the_model_has_looked_and_not_to_the_blind(
    review: ReviewDock, window: Viewer, qtbot: QtBot
) -> None:
    filters, walk, session = review.circles.filters, review.review.walk, review.review.session
    filters.order.setCurrentIndex(filters.order.findData("entropy"))
    by_entropy = walk.order
    filters.order.setCurrentIndex(filters.order.findData("teaching"))
    assert walk.order == by_entropy, "until then"
    qtbot.waitUntil(lambda: walk.order != by_entropy, timeout=LONG)
    order = walk.order
    assert sorted(order) == sorted(by_entropy)
    walk.next()
    press(review.circles.gallery, Qt.Key.Key_2)
    assert session.table.loc[order[0], "label"] == "obsolescent"
    click(filters.again)
    assert walk.order[-1] == order[0], "what is reviewed goes to the end"

    click(alike(review).look)
    assert alike(review).shown
    set_blind(session, review.review.layers, True)
    assert not alike(review).shown
    assert not alike(review).look.isEnabled()
    assert "blind" in alike(review).look.toolTip()
    assert filters.by() == "place"
    by_place = walk.order
    Hand(window, review.review.image).press(Qt.Key.Key_K)
    assert not alike(review).shown
    assert not review.circles.next.isVisible()
    assert walk.order == by_place
    set_blind(session, review.review.layers, False)


def test_the_next_slide_of_the_study_is_named_and_opened(
    review: ReviewDock, window: Viewer, study: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    other = tmp_path / "other.tif"
    write_slide(other, KINDS)
    with CaseStore.open(study) as store:
        add_run(store, add_slide(store, other, "Lee"), len(KINDS))
    filters, panel, walk = review.circles.filters, review.circles.next, review.review.walk
    assert not panel.isVisible()
    filters.order.setCurrentIndex(filters.order.findData("teaching"))
    assert panel.choose.isVisible()
    assert not panel.open.isVisible()
    click(panel.choose)
    assert panel.choose.text() == "Stop"
    qtbot.waitUntil(panel.open.isVisible, timeout=LONG)
    table = pd.read_csv(study.with_name("study.ggs.next.csv"))
    here, there = ((table["slide"] == name).sum() for name in ("kidney", "other"))
    assert (here, there) == (len(walk.order), len(KINDS))
    assert f"Here: {here} of {len(table)}" in panel.words.text()
    assert f"other</b> ({there} of {len(table)})" in panel.words.text()
    ids = review.review.session.table.loc[[*walk.order], "id"].tolist()
    assert ids == table["circle"][table["slide"] == "kidney"].tolist(), "in the study's order"

    walk.next()
    press(review.circles.gallery, Qt.Key.Key_2)
    click(filters.again)
    assert f"Here: {here - 1} of" in panel.words.text()
    click(panel.open)
    qtbot.waitUntil(lambda: review.review.slide.name == "other")
    assert f"Here: {there} of" in panel.words.text()
    assert f"kidney</b> ({here - 1} of" in panel.words.text()
    click(panel.open)
    assert len([each for each in window.layers if "slide" in each.metadata]) == 2, "not twice"
    qtbot.waitUntil(lambda: review.review.slide.name == "kidney")
