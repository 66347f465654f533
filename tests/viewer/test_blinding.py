"""Blind to the model: nothing that a reader sees of an unnamed circle depends on what it says."""

from collections.abc import Iterator

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Points
from napari.utils.colormaps.standardize_color import transform_color
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QComboBox

from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Labelled, Session
from napari_ggs.review.comparison import compare
from napari_ggs.slides import Slide
from napari_ggs.viewer import preferences
from napari_ggs.viewer.blinding import as_preferred, set_blind
from napari_ggs.viewer.circle_panel import CirclePanel
from napari_ggs.viewer.class_layer import UNNAMED
from napari_ggs.viewer.filter_row import FilterRow
from napari_ggs.viewer.gallery import Gallery
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.slide_review import SlideReview
from tests.review.test_session import rows_of

N = 40


@pytest.fixture
def review(viewer: ViewerModel, image: Image, kidney_slide: Slide) -> Iterator[SlideReview]:
    """A review that is kept, of circles of all classes, by somebody who is blind to the model."""
    keeping = Keeping(kidney_slide, preferences.study_file(), "ann")
    journal = keeping.begin(GGS, {}, Thresholds(0, 0.5), None)
    keeping.add(rows_of(N))
    keeping.finish(rows_of(N), {})
    session = Session(GGS, Thresholds(0, 0.5), journal)
    session.extend(rows_of(N))
    found = SlideReview(viewer, image, session, keeping)
    set_blind(session, found.layers, True)
    yield found
    set_blind(session, found.layers, False)
    found.remove()


def shown(points: Points) -> dict[str, object]:
    """All that a layer tells of its circles, beside where they are and how large."""
    return {
        "name": points.name.rsplit(" (", 1)[0],
        "borders": {tuple(colour) for colour in points.border_color},
        "faces": {tuple(colour) for colour in points.face_color},
        "symbols": {str(symbol) for symbol in points.symbol},
        "features": list(points.features.columns),
        "widths": len(set(points.border_width)),
    }


def test_unnamed_circles_are_in_one_layer_and_look_alike(review: SlideReview) -> None:
    unnamed, session = review.layers[UNNAMED.name], review.session
    assert len(unnamed.data) == len(session.everything) == N, "also those that the model rejects"
    (border,) = shown(unnamed)["borders"]
    np.testing.assert_allclose(border, transform_color(UNNAMED.colour)[0])
    for lesion in GGS.lesions:
        assert not np.allclose(border, transform_color(lesion.colour)[0])
    assert shown(unnamed) == {
        "name": "not named yet",
        "borders": {border},
        "faces": {(0.0, 0.0, 0.0, 0.0)},
        "symbols": {"disc"},
        "features": ["id"],
        "widths": 1,
    }
    for lesion in GGS.lesions:
        layer = review.layers[lesion.name]
        assert len(layer.data) == 0
        assert layer.name == f"{lesion.title} (0)"


def test_what_is_seen_is_the_same_whatever_the_model_says(
    viewer: ViewerModel, review: SlideReview
) -> None:
    def layers() -> list[object]:
        return [(shown(each), each.data.tolist()) for each in viewer.layers[1:]]

    before, session = layers(), review.session
    columns = list(GGS.columns)
    other = session.everything.copy()
    other[columns] = other[columns].to_numpy()[::-1]
    other["exists"] = True
    session.resume(other, 0)
    assert layers() == before


def test_a_named_circle_goes_to_its_class_also_if_the_model_says_the_same(
    review: SlideReview,
) -> None:
    session, layers = review.session, review.layers
    alike = int(session.members("normal").index[0])
    unlike = int(session.members("obsolescent").index[0])
    layers.select([alike])
    session.apply(Labelled((alike, unlike), "normal"))
    assert layers["normal"].name.endswith("(2)")
    assert layers[UNNAMED.name].name.endswith(f"({N - 2})")
    assert list(layers["normal"].features.columns) == ["id"]
    assert alike in layers.selected()
    session.undo()
    assert layers["normal"].name.endswith("(0)")
    assert layers[UNNAMED.name].name.endswith(f"({N})")


def test_mouse_and_napari_s_tools_work_on_unnamed_circles(review: SlideReview) -> None:
    session, layers = review.session, review.layers
    unnamed = layers[UNNAMED.name]
    row = session.rows([3]).iloc[0]
    assert layers.at(row["x"], row["y"]) is not None
    assert layers.class_of(unnamed) is None
    layers.preview(session.class_of(3), 3, (10.0, 10.0, 5.0))
    assert not any(len(layers[name].data) for name in GGS.classes), "a drag does not tell"
    layers.settle(session.class_of(3))
    unnamed.selected_data = {0}
    unnamed.remove_selected()
    assert session.everything["removed"].sum() == 1
    unnamed.add([[5.0, 5.0]])
    assert len(unnamed.data) == N - 1, "who draws a circle says what it is"
    assert session.everything["label"].eq("").all()


def test_seeing_again_shows_what_the_model_says(review: SlideReview) -> None:
    session, layers = review.session, review.layers
    session.apply(Labelled((0,), "solidified"))
    layers.select([0, 1])
    set_blind(session, layers, False)
    with pytest.raises(KeyError):
        layers[UNNAMED.name]
    for name in GGS.classes:
        assert len(layers[name].data) == len(session.members(name))
        assert list(layers[name].features.columns) == ["id", "score", "probability"]
    assert {0, 1} >= {*layers.selected()}


def test_it_is_remembered_of_each_reader(review: SlideReview) -> None:
    assert preferences.is_blind("ann")
    assert not preferences.is_blind("bob")
    review.keeping.read_as("bob", review.session)
    as_preferred(review.session, review.layers)
    assert not review.layers.blind
    review.keeping.read_as("ann", review.session)
    as_preferred(review.session, review.layers)
    assert review.layers.blind


def test_what_is_said_blind_is_marked_in_the_study(review: SlideReview) -> None:
    session, store = review.session, review.keeping.store
    session.apply(Labelled((0, 1), "normal"))
    set_blind(session, review.layers, False)
    session.apply(Labelled((1,), "solidified"))
    assert compare(store, store.run(review.keeping.run)).blind == {"ann": 1}


def test_the_gallery_gives_no_colour_and_no_letter(review: SlideReview, qtbot: QtBot) -> None:
    gallery = Gallery()
    qtbot.addWidget(gallery)
    gallery.follow(review)
    delegate = gallery.itemDelegate()
    drawn = {delegate.lesion_of("", name) for name in GGS.classes}
    assert drawn == {UNNAMED}
    assert UNNAMED.letter == ""
    assert delegate.lesion_of("solidified", "normal") is GGS["solidified"]
    set_blind(review.session, review.layers, False)
    assert delegate.lesion_of("", "normal") is GGS["normal"]


def offered(box: QComboBox) -> list[str]:
    return [box.itemText(row) for row in range(box.count())]


def test_order_and_filters_tell_nothing(review: SlideReview, qtbot: QtBot) -> None:
    filters, table = FilterRow(), review.session.table
    qtbot.addWidget(filters)
    filters.lay_out(GGS)
    filters.show()
    filters.order.setCurrentIndex(filters.order.findData("class"))
    filters.lesion.setCurrentIndex(filters.lesion.findData("solidified"))
    filters.sure.setValue(40)
    filters.status.setCurrentText("against the model")
    with qtbot.waitSignal(filters.changed):
        filters.set_blind(True)
    assert filters.by() == "place"
    assert not filters.order.isEnabled()
    assert not filters.lesion.isVisible()
    assert not filters.sure.isVisible()
    assert "against the model" not in offered(filters.status)
    assert filters.filter().rows(table, GGS).all()
    filters.set_blind(False)
    assert filters.by() == "class"
    assert filters.filter().name == "solidified"
    assert "against the model" in offered(filters.status)


def test_the_circle_at_hand_has_no_bars(review: SlideReview, qtbot: QtBot) -> None:
    panel, row = CirclePanel(), review.session.everything.iloc[0]
    qtbot.addWidget(panel)
    panel.lay_out(GGS)
    panel.show()
    panel.show_circle(row, GGS, "Circle 1", blind=True)
    assert not any(bar.isVisible() or bar.accessibleName() for bar in panel._bars.values())
    assert not any(button.isChecked() for button in panel.classes.values())
    panel.show_circle(row, GGS, "Circle 1")
    assert all(bar.isVisible() for bar in panel._bars.values())
