"""The answer page: counts by section, slide and case; sections drawn by people; an audit."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Shapes
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import BINARY, GGS
from napari_ggs.review import Assessed, Labelled, Moved
from napari_ggs.review.answer import answer
from napari_ggs.review.sections import Section
from napari_ggs.viewer import preferences
from napari_ggs.viewer.answer_page import AnswerPage
from napari_ggs.viewer.coordinates import from_points, to_points
from napari_ggs.viewer.counts_table import CountsTable
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.slide_review import SlideReview
from tests.review.test_session import rows_of
from tests.store.studies import MODELS, info, label

HALVES = [
    Section("left", ((0.0, 0.0), (1000.0, 0.0), (1000.0, 1600.0), (0.0, 1600.0)), 1.0),
    Section("right", ((1000.0, 0.0), (2000.0, 0.0), (2000.0, 1600.0), (1000.0, 1600.0)), 1.0),
]
TRIANGLE = [(100.0, 100.0), (900.0, 120.0), (500.0, 900.0)]


@pytest.fixture(autouse=True)
def usual_preferences() -> Iterator[None]:
    yield
    preferences.set_count_cut(True)
    preferences.set_threshold(0.2)


@pytest.fixture
def keeping(image: Image, study) -> Keeping:
    """The slide's place in a study, with a run of forty circles and two sections."""
    keeping = Keeping(image.metadata["slide"], study, "ann")
    keeping.run = keeping.store.begin_run(keeping.slide, GGS, MODELS, Thresholds(0.1, 0.5))
    rows = rows_of(40).assign(x=np.linspace(50, 1950, 40), y=800.0)
    keeping.add(rows)
    keeping.finish(glomeruli.numbered(rows), {})
    plain = [one.to_dict() for one in HALVES]
    keeping.store.set_sections(keeping.slide, keeping.session, plain)
    return keeping


@pytest.fixture
def review(viewer: ViewerModel, image: Image, keeping: Keeping) -> SlideReview:
    return SlideReview(viewer, image, keeping.reopen(keeping.store.run(keeping.run)), keeping)


@pytest.fixture
def page(viewer: ViewerModel, review: SlideReview, qtbot: QtBot) -> AnswerPage:
    widget = shown(viewer, qtbot)
    widget.follow(review)
    return widget


def shown(viewer: ViewerModel, qtbot: QtBot) -> AnswerPage:
    widget = AnswerPage(viewer)
    qtbot.addWidget(widget)
    widget.resize(360, 800)
    widget.show()
    return widget


def lines(table: CountsTable) -> dict[str, list[str]]:
    """The cells of the table by the name of the line."""
    rows = [line.split("\t") for line in table.tsv().split("\n")[1:]]
    return {name: cells for name, *cells in rows}


def layer_of(page: AnswerPage) -> Shapes:
    page.section_panel.show_button.click()
    return page.layer.layer


def sections_of(page: AnswerPage) -> dict[str, Section]:
    return {one.name: one for one in page.sections.sections}


def settle(qtbot: QtBot) -> None:
    """Let what the layer's events have begun come to its end."""
    qtbot.wait(30)


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said on the screen."""
    caught: list[str] = []
    monkeypatch.setattr("napari_ggs.viewer.attempt.show_error", caught.append)
    return caught


def test_sections_and_slide_are_counted_by_both_conventions(
    page: AnswerPage, review: SlideReview
) -> None:
    found = lines(page.counts)
    assert list(found) == ["left", "right", "Slide, total", "Slide, per level"]
    counts = answer(review.session.everything, GGS, review.session.thresholds).counts
    assert found["Slide, total"][:5] == [str(n) for n in (sum(counts.values()), *counts.values())]
    halves = [float(found[name][0]) for name in ("left", "right")]
    assert float(found["Slide, total"][0]) == sum(halves)
    assert float(found["Slide, per level"][0]) == sum(halves) / 2
    tips = [page.counts.item(row, 0).toolTip() for row in (2, 3)]
    assert "added up" in tips[0]
    assert "mean over the sections" in tips[1]


def test_counts_follow_edits(page: AnswerPage, review: SlideReview, qtbot: QtBot) -> None:
    session = review.session
    everything = tuple(session.table.index)
    session.apply(Labelled(everything, "solidified"))
    qtbot.waitUntil(
        lambda: lines(page.counts)["Slide, total"] == ["40", "0", "0", "40", "0", "100"]
    )
    session.apply(Moved(everything[:20], np.tile([1500.0, 800.0, 50.0], (20, 1))))
    qtbot.waitUntil(lambda: lines(page.counts)["left"][0] == "0")
    assert lines(page.counts)["left"][-1] == "–"
    assert lines(page.counts)["right"][0] == "40"


def test_cut_glomeruli_count_or_not(page: AnswerPage, review: SlideReview, qtbot: QtBot) -> None:
    session = review.session
    session.apply(Labelled(tuple(session.table.index), "normal"))
    session.apply(Assessed(tuple(session.table.index[:5]), "cut"))
    qtbot.waitUntil(lambda: lines(page.counts)["Slide, total"][0] == "40")
    with qtbot.waitSignal(page.counting_changed):
        page.cut.click()
    assert lines(page.counts)["Slide, total"][0] == "35"
    assert not preferences.count_cut()


def test_the_table_is_copied_as_lines_and_tabs(page: AnswerPage, qtbot: QtBot) -> None:
    page.counts.selectRow(2)
    qtbot.keyClick(page.counts, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    heading, line = QApplication.clipboard().text().split("\n")
    assert heading.split("\t")[:3] == ["section", "glomeruli", "not globally sclerotic"]
    assert line.split("\t")[0] == "Slide, total"


def test_other_slides_of_the_case_are_added(page: AnswerPage, keeping: Keeping) -> None:
    store, case = keeping.store, keeping.case
    patient = store.slides()[0].patient
    second = store.add_slide(info("ab", "b.svs"), patient, case)
    store.add_slide(info("cd", "c.svs"), patient, case)
    other = store.add_slide(info("ef", "d.svs"), patient, case)
    store.begin_run(other, BINARY, MODELS, Thresholds())
    run = store.begin_run(second, GGS, MODELS, Thresholds(0, 0))
    store.add_circles(run, rows_of(8))
    page.refresh()
    found = lines(page.counts)
    assert list(found)[4:] == ["b.svs", "c.svs", "d.svs", "Case, total", "Case, per level"]
    assert found["c.svs"] == ["no run yet"]
    assert "binary" in found["d.svs"][0]
    both = float(found["Slide, total"][0]) + float(found["b.svs"][0])
    assert float(found["Case, total"][0]) == both
    assert float(found["Case, per level"][0]) == pytest.approx(both / 3, abs=0.05)
    journal = store.journal(run, keeping.session)
    for handle in range(8):
        label(journal, handle)
    page.refresh()
    assert lines(page.counts)["b.svs"][:2] == ["8", "8"]


def test_slides_get_into_one_case_by_its_name(
    page: AnswerPage, keeping: Keeping, qtbot: QtBot, errors: list[str]
) -> None:
    other = keeping.store.add_slide(info("cd", "c.svs"), "P7", "biopsy 1")
    for field, name in ((page.owner.patient, "P7"), (page.owner.case, "biopsy 1")):
        field.setFocus()
        field.selectAll()
        qtbot.keyClicks(field, name)
        field.editingFinished.emit()
    assert keeping.owner == ("P7", "biopsy 1")
    qtbot.waitUntil(lambda: "c.svs" in lines(page.counts))
    keeping.store.finish_case("biopsy 1", keeping.session, {})
    qtbot.keyClicks(page.owner.case, "x")
    page.owner.case.editingFinished.emit()
    assert "finished" in " ".join(errors)
    assert page.owner.case.text() == "biopsy 1"
    assert other


def test_sections_are_found_and_kept_if_the_study_has_none(
    viewer: ViewerModel, run, study, qtbot: QtBot
) -> None:
    review, page = run.review, shown(viewer, qtbot)
    review.keeping = Keeping(review.slide, study, "ann")
    page.follow(review)
    assert "Looking for sections" in page.section_panel.state.text()
    qtbot.waitUntil(lambda: page.sections.sections is not None)
    assert next(iter(lines(page.counts))) == "1"
    kept = review.keeping.store.sections(review.keeping.slide)
    assert [each["name"] for each in kept] == [one.name for one in page.sections.sections]
    assert page.section_panel.state.text() == "1 section on this slide"


def test_without_a_study_sections_live_with_the_slide(
    viewer: ViewerModel, run, qtbot: QtBot
) -> None:
    page = shown(viewer, qtbot)
    page.follow(run.review)
    qtbot.waitUntil(lambda: page.sections.sections is not None)
    page.sections.rename("1", "cortex")
    page.follow(None)
    page.follow(run.review)
    assert list(sections_of(page)) == ["cortex"]


def test_the_layer_shows_the_sections_and_is_no_class_layer(
    page: AnswerPage, review: SlideReview, viewer: ViewerModel
) -> None:
    layer = layer_of(page)
    assert (layer.name, layer.features["name"].tolist()) == ("sections", ["left", "right"])
    np.testing.assert_allclose(from_points(layer.data[1]), HALVES[1].outline)
    assert tuple(layer.scale) == tuple(review.image.scale)
    assert not {"slide", "review", "session", "run"} & set(layer.metadata)
    assert viewer.layers.selection.active is layer
    page.section_panel.show_button.click()
    assert layer not in viewer.layers


def test_what_is_drawn_moved_and_deleted_is_kept(
    page: AnswerPage, keeping: Keeping, qtbot: QtBot
) -> None:
    layer = layer_of(page)
    layer.add(to_points(TRIANGLE), shape_type="polygon")
    settle(qtbot)
    assert list(sections_of(page)) == ["left", "right", "1"]
    assert 0 < sections_of(page)["1"].area_mm2 < 0.32, "of the tissue within the triangle"
    layer.selected_data = {1}
    layer.remove_selected()
    settle(qtbot)
    assert list(sections_of(page)) == ["left", "1"]
    moved = np.array(HALVES[0].outline) + 10
    layer.data = [to_points(moved), *layer.data[1:]]
    settle(qtbot)
    np.testing.assert_allclose(sections_of(page)["left"].outline, moved)
    kept = keeping.store.sections(keeping.slide)
    assert [each["name"] for each in kept] == ["left", "1"]
    assert list(lines(page.counts))[:2] == ["left", "1"]


def test_what_was_done_to_sections_is_undone_step_by_step(
    page: AnswerPage, keeping: Keeping, qtbot: QtBot
) -> None:
    layer, undo = layer_of(page), page.section_panel.undo
    assert not undo.isEnabled()
    layer.add(to_points(TRIANGLE), shape_type="polygon")
    settle(qtbot)
    page.section_panel.find_again.click()
    qtbot.waitUntil(lambda: list(sections_of(page)) == ["1"])
    undo.click()
    assert list(sections_of(page)) == layer.features["name"].tolist() == ["left", "right", "1"]
    undo.click()
    kept = [each["name"] for each in keeping.store.sections(keeping.slide)]
    assert list(sections_of(page)) == kept == ["left", "right"]
    assert not undo.isEnabled()


def test_an_ellipse_becomes_a_polygon(page: AnswerPage, qtbot: QtBot) -> None:
    layer = layer_of(page)
    layer.add(to_points([(0, 0), (400, 0), (400, 200), (0, 200)]), shape_type="ellipse")
    settle(qtbot)
    outline = np.array(sections_of(page)["1"].outline)
    assert len(outline) > 20
    np.testing.assert_allclose([outline.min(axis=0), outline.max(axis=0)], [(0, 0), (400, 200)])
    assert {str(kind) for kind in layer.shape_type} == {"polygon"}


def test_a_section_is_renamed_in_the_table_and_in_the_layer(
    page: AnswerPage, errors: list[str], qtbot: QtBot
) -> None:
    layer = layer_of(page)
    page.counts.item(0, 0).setText("cortex")
    assert list(sections_of(page)) == ["cortex", "right"]
    assert layer.features["name"].tolist() == ["cortex", "right"]
    page.counts.item(0, 0).setText("right")
    assert "already" in " ".join(errors)
    assert page.counts.item(0, 0).text() == "cortex"
    layer.features = {"name": ["cortex", "medulla"]}
    settle(qtbot)
    assert list(sections_of(page)) == ["cortex", "medulla"]
    assert list(lines(page.counts))[:2] == ["cortex", "medulla"]


@pytest.mark.parametrize(
    ("outline", "kind", "words"),
    [
        ([(0, 0), (900, 900), (900, 0), (0, 900)], "polygon", "crosses itself"),
        ([(0, 0), (900, 900)], "line", "2 corners"),
    ],
)
def test_what_is_no_outline_is_refused(
    page: AnswerPage, errors: list[str], qtbot: QtBot, outline: list, kind: str, words: str
) -> None:
    layer = layer_of(page)
    layer.add(to_points(outline), shape_type=kind)
    settle(qtbot)
    assert words in " ".join(errors)
    assert list(sections_of(page)) == ["left", "right"]
    assert len(layer.data) == 2


def test_a_finished_case_keeps_its_sections(
    page: AnswerPage, keeping: Keeping, errors: list[str], qtbot: QtBot
) -> None:
    keeping.finish_case({})
    layer = layer_of(page)
    layer.data = [layer.data[0]]
    settle(qtbot)
    assert "finished" in " ".join(errors)
    assert list(sections_of(page)) == ["left", "right"]
    assert layer.features["name"].tolist() == ["left", "right"]


def test_find_again_brings_the_sections_of_the_tissue(
    page: AnswerPage, keeping: Keeping, qtbot: QtBot
) -> None:
    layer = layer_of(page)
    page.section_panel.find_again.click()
    qtbot.waitUntil(lambda: list(sections_of(page)) == ["1"])
    assert [each["name"] for each in keeping.store.sections(keeping.slide)] == ["1"]
    assert layer.features["name"].tolist() == ["1"]


def test_the_sections_layer_goes_with_the_review(
    page: AnswerPage, viewer: ViewerModel, review: SlideReview
) -> None:
    layer = layer_of(page)
    review.remove()
    page.follow(None)
    assert layer not in viewer.layers
    assert page.counts.rowCount() == 0


def test_whether_a_threshold_could_still_be_crossed(
    page: AnswerPage, review: SlideReview, qtbot: QtBot
) -> None:
    page.crossing.threshold.setValue(50)
    assert "unreviewed circles would give" in page.crossing.sentence.text()
    review.session.apply(Labelled(tuple(review.session.table.index), "normal"))
    qtbot.waitUntil(lambda: "every circle is reviewed" in page.crossing.sentence.text())
    assert preferences.threshold() == 0.5


def test_an_audit_is_walked_through_and_tells_what_it_found(
    page: AnswerPage, review: SlideReview, qtbot: QtBot
) -> None:
    session, walk = review.session, review.walk
    before = tuple(int(handle) for handle in session.table.index)
    walk.set_order(before)
    with qtbot.waitSignal(page.walking):
        page.audit.button.click()
    assert len(walk.order) == 10
    assert walk.current == walk.order[0]
    session.apply(Labelled(walk.order[:3], "normal"))
    qtbot.waitUntil(lambda: "3 of 10 reviewed" in page.audit.state.text())
    with qtbot.waitSignal(page.audited) as told:
        session.apply(Labelled(walk.order[3:], "obsolescent"))
    assert told.args == [page.audit.state.text()]
    assert "globally sclerotic" in page.audit.state.text()
    assert "Of 10 circles the model named" in page.audit.state.text()
    assert walk.order == before
    page.audit.button.click()
    assert "Audit 2: 0 of 10" in page.audit.state.text()


def test_an_audit_survives_closing_and_is_ones_own(
    page: AnswerPage, viewer: ViewerModel, image: Image, review: SlideReview, study
) -> None:
    page.audit.button.click()
    first = review.walk.order
    review.session.apply(Labelled(first[:1], "normal"))
    page.follow(None)
    review.remove()
    for who, words in (("ann", "1 of 10 reviewed"), ("bob", "")):
        keeping = Keeping(image.metadata["slide"], study, who)
        again = SlideReview(viewer, image, keeping.reopen(keeping.before()), keeping)
        page.follow(again)
        assert words in page.audit.state.text()
        assert page.audit.state.isVisible() is bool(words)
        if words:
            page.audit.button.click()
            assert (again.walk.order, again.walk.current) == (first, first[1])
        page.follow(None)
        again.remove()


def test_without_a_study_an_audit_lives_with_its_session(
    viewer: ViewerModel, run, qtbot: QtBot
) -> None:
    page = shown(viewer, qtbot)
    page.follow(run.review)
    page.audit.button.click()
    page.follow(None)
    page.follow(run.review)
    assert "0 of 10 reviewed" in page.audit.state.text()


def test_nothing_left_to_audit_is_said(
    page: AnswerPage, review: SlideReview, errors: list[str]
) -> None:
    review.session.apply(Labelled(tuple(review.session.table.index), "normal"))
    page.audit.button.click()
    assert "nothing left to audit" in " ".join(errors)


def test_who_is_blind_sees_nothing_of_the_model(
    page: AnswerPage, review: SlideReview, qtbot: QtBot
) -> None:
    review.layers.set_blind(True)
    qtbot.waitUntil(lambda: lines(page.counts)["Slide, total"][0] == "0")
    assert "interval" not in page.crossing.sentence.text()
    page.audit.button.click()
    review.session.apply(Labelled(review.walk.order, "normal"))
    qtbot.waitUntil(lambda: "not blind" in page.audit.state.text())
    assert lines(page.counts)["Slide, total"][0] == "10"
    review.layers.set_blind(False)
    qtbot.waitUntil(lambda: "the model named" in page.audit.state.text())


def test_a_page_that_is_not_seen_waits(page: AnswerPage, review: SlideReview, qtbot: QtBot) -> None:
    page.hide()
    review.session.apply(Labelled(tuple(review.session.table.index), "normal"))
    qtbot.wait(150)
    assert lines(page.counts)["Slide, total"][1] != "40"
    page.show()
    assert lines(page.counts)["Slide, total"][1] == "40"


def test_without_a_review_there_is_nothing_to_do(viewer: ViewerModel, qtbot: QtBot) -> None:
    page = shown(viewer, qtbot)
    assert not page.audit.isEnabled()
    assert not page.section_panel.isEnabled()
    assert page.counts.rowCount() == 0


def test_ten_thousand_circles_are_counted_in_no_time(page: AnswerPage, review: SlideReview) -> None:
    session = review.session
    rows = rows_of(10_000, seed=3, first=40)
    session.extend(rows.assign(x=rows["x"] / 5, y=rows["y"] / 6))
    page.refresh()
    took = []
    for handle in range(10):
        session.apply(Labelled((handle,), "solidified"))
        start = time.thread_time()
        page.refresh()
        took.append(1000 * (time.thread_time() - start))
    assert min(took) < 50, "ms of processor time"
