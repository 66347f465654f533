"""Class layers show what the session holds, and edits on them become events of the session."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from app_model.types import KeyBinding
from napari.components import ViewerModel
from napari.layers import Image, Points
from napari.utils.colormaps.standardize_color import transform_color
from napari.utils.key_bindings import KeymapHandler
from pytestqt.qtbot import QtBot

from napari_ggs.glomeruli import Thresholds, circles_of, numbered
from napari_ggs.lesions import GGS, NON_GLOMERULUS
from napari_ggs.review import Labelled, Session
from napari_ggs.viewer.borders import BORDER_PX
from napari_ggs.viewer.coordinates import to_points
from napari_ggs.viewer.layer_edits import SETTLED_MS
from napari_ggs.viewer.layers import ClassLayers
from napari_ggs.viewer.slide_review import SlideReview
from tests.review.test_session import rows_of


@pytest.fixture
def session() -> Session:
    return Session(GGS)


@pytest.fixture
def layers(viewer: ViewerModel, image: Image, session: Session) -> ClassLayers:
    views = SlideReview(viewer, image, session).layers
    session.extend(rows_of(60))
    return views


def press(layer: Points, key: str) -> None:
    layer.keymap[KeyBinding.from_str(key)](layer)


def select(layer: Points, handles: Iterable[int]) -> None:
    ids = [handle + 1 for handle in handles]
    layer.selected_data = set(np.flatnonzero(layer.features["id"].isin(ids)))


def assert_layers_show(session: Session, layers: ClassLayers) -> None:
    for name in session.scheme.classes:
        layer, rows = layers[name], session.members(name)
        np.testing.assert_allclose(layer.data, to_points(rows[["x", "y"]]))
        np.testing.assert_allclose(layer.size, 2 * rows["radius"])
        assert list(layer.features["id"]) == list(rows["id"])
        assert layer.name == f"{session.scheme[name].title} ({len(rows)})"


def test_each_class_has_a_layer_in_its_colour_with_its_count(
    viewer: ViewerModel, image: Image, session: Session, layers: ClassLayers
) -> None:
    assert_layers_show(session, layers)
    in_list = [layer.name.rsplit(" (", 1)[0] for layer in reversed(viewer.layers)]
    assert in_list == [*(lesion.title for lesion in GGS.lesions), image.name]
    for lesion in GGS.lesions:
        layer = layers[lesion.name]
        np.testing.assert_allclose(
            layer.border_color, transform_color([lesion.colour] * len(layer.data))
        )
        assert not layer.face_color[:, 3].any()
        assert layer.visible is (lesion.name != NON_GLOMERULUS)
        assert tuple(layer.scale) == tuple(image.scale)
        assert layer.units == image.units


def test_layers_follow_streaming_thresholds_and_the_end_of_a_run(
    session: Session, layers: ClassLayers
) -> None:
    session.extend(rows_of(30, seed=1, first=60))
    assert_layers_show(session, layers)
    session.thresholds = Thresholds(0.6, 0.9)
    assert_layers_show(session, layers)
    session.finish(numbered(session.table))
    assert_layers_show(session, layers)


def press_in_napari(viewer: ViewerModel, layer: Points, key: str) -> None:
    """Press a key as the canvas does: the layer's own keys first, then those of all layers."""
    handler = KeymapHandler()
    handler.keymap_providers = [layer, viewer]
    handler.press_key(key)


def test_copy_and_paste_add_no_circles(
    viewer: ViewerModel, session: Session, layers: ClassLayers
) -> None:
    layer = layers["normal"]
    select(layer, session.members("normal").index[:2])
    press_in_napari(viewer, layer, "Ctrl+C")
    press_in_napari(viewer, layer, "Ctrl+V")
    assert_layers_show(session, layers)


def test_points_that_a_script_pasted_do_no_harm(session: Session, layers: ClassLayers) -> None:
    layer, chosen = layers["normal"], session.members("normal").index[:2]
    select(layer, chosen)
    layer._copy_data()
    layer._paste_data()
    press(layer, "3")
    assert {session.class_of(handle) for handle in chosen} == {"solidified"}
    session.thresholds = Thresholds(0.4)
    assert_layers_show(session, layers)


def change_symbol(layer: Points) -> None:
    layer.current_symbol = "square"


def change_border(layer: Points) -> None:
    layer.current_border_color = "red"


def change_face(layer: Points) -> None:
    layer.current_face_color = "red"


@pytest.mark.parametrize("change", [change_symbol, change_border, change_face])
@pytest.mark.parametrize("chosen", [0, 2])
def test_the_layer_controls_change_no_circle(
    session: Session, layers: ClassLayers, change: Callable[[Points], None], chosen: int
) -> None:
    layer = layers["normal"]
    selected = set(range(chosen))
    layer.selected_data = selected
    change(layer)
    assert layer.selected_data == selected
    assert_layers_show(session, layers)
    session.extend(rows_of(60, seed=1, first=60))
    assert_layers_show(session, layers)
    colours = transform_color([GGS["normal"].colour, "transparent"])
    for found, colour in zip((layer.border_color, layer.face_color), colours, strict=True):
        np.testing.assert_allclose(found, np.tile(colour, (len(layer.data), 1)))
    assert {str(symbol) for symbol in layer.symbol} == {"disc"}


def test_a_selection_redraws_nothing(session: Session, layers: ClassLayers) -> None:
    drawn: list[object] = []
    layers["normal"].events.set_data.connect(drawn.append)
    select(layers["normal"], session.members("normal").index[:2])
    assert not drawn


def test_circles_cannot_be_moved_against_their_slide(layers: ClassLayers) -> None:
    layer = layers["normal"]
    layer.affine = [[1, 0, 40], [0, 2, 0], [0, 0, 1]]
    np.testing.assert_array_equal(layer.affine.affine_matrix, np.eye(3))


def test_a_class_key_moves_selected_circles_and_undo_brings_them_back(
    session: Session, layers: ClassLayers
) -> None:
    moved = list(session.members("normal").index[:3])
    select(layers["normal"], moved)
    press(layers["normal"], "3")
    assert {session.class_of(handle) for handle in moved} == {"solidified"}
    assert_layers_show(session, layers)
    press(layers["solidified"], "Ctrl+Z")
    assert {session.class_of(handle) for handle in moved} == {"normal"}
    press(layers["normal"], "Ctrl+Shift+Z")
    assert {session.class_of(handle) for handle in moved} == {"solidified"}
    assert_layers_show(session, layers)


def test_a_key_without_a_selection_does_nothing(session: Session, layers: ClassLayers) -> None:
    press(layers["normal"], "2")
    assert session.edited == 0


def test_one_edit_redraws_only_the_two_layers_that_it_concerns(
    session: Session, layers: ClassLayers
) -> None:
    redrawn: list[str] = []
    for name in GGS.classes:
        layers[name].events.set_data.connect(lambda _, name=name: redrawn.append(name))
    handle = int(session.members("normal").index[0])
    session.apply(Labelled((handle,), "obsolescent"))
    assert set(redrawn) == {"normal", "obsolescent"}


def test_a_selection_survives_circles_that_stream_in(session: Session, layers: ClassLayers) -> None:
    chosen = set(session.members("normal").index[-2:])
    select(layers["normal"], chosen)
    session.extend(rows_of(40, seed=2, first=60))
    session.thresholds = Thresholds(0.3)
    layer = layers["normal"]
    left = {handle + 1 for handle in chosen & set(session.members("normal").index)}
    assert set(layer.features["id"].iloc[sorted(layer.selected_data)]) == left


def test_napari_s_delete_removes_circles_from_the_session(
    session: Session, layers: ClassLayers
) -> None:
    gone = list(session.members("obsolescent").index[:2])
    select(layers["obsolescent"], gone)
    layers["obsolescent"].remove_selected()
    assert not session.table.index.isin(gone).any()
    session.undo()
    assert int(session.table.index.isin(gone).sum()) == 2
    assert_layers_show(session, layers)


def test_points_that_are_added_with_napari_s_tool_are_new_glomeruli_of_that_class(
    session: Session, layers: ClassLayers
) -> None:
    layer, before = layers["obsolescent"], session.counts()["obsolescent"]
    layer.current_size = 90
    layer.add([10.0, 20.0])
    (handle,) = session.latest
    assert session.class_of(handle) == "obsolescent"
    np.testing.assert_allclose(circles_of(session.rows([handle])), [[20.5, 10.5, 45.0]])
    assert session.counts()["obsolescent"] == before + 1
    assert_layers_show(session, layers)
    session.undo()
    assert session.counts()["obsolescent"] == before
    assert_layers_show(session, layers)


def test_points_that_are_moved_with_napari_s_tool_move_their_circles(
    session: Session, layers: ClassLayers
) -> None:
    before = session.members("normal")
    layers["normal"].data = layers["normal"].data + np.array([0, 5])
    np.testing.assert_allclose(session.members("normal")["x"], before["x"] + 5)
    assert_layers_show(session, layers)
    session.undo()
    np.testing.assert_array_equal(circles_of(session.members("normal")), circles_of(before))
    assert_layers_show(session, layers)


def test_the_size_slider_resizes_what_is_selected_in_one_edit(
    session: Session, layers: ClassLayers, qtbot: QtBot
) -> None:
    handles, layer = session.members("normal").index[:2], layers["normal"]
    before = session.rows(handles)
    select(layer, handles)
    for size in (300, 320, 340):
        layer.current_size = size
    qtbot.waitUntil(lambda: session.edited == 0 and list(session.latest) == list(handles))
    np.testing.assert_allclose(session.rows(handles)["radius"], 170)
    qtbot.wait(2 * SETTLED_MS)
    session.undo()
    np.testing.assert_array_equal(session.rows(handles)["radius"], before["radius"])
    assert_layers_show(session, layers)


def test_the_size_slider_changes_nothing_while_nothing_is_selected(
    session: Session, layers: ClassLayers, qtbot: QtBot
) -> None:
    before = session.members("normal")
    layers["normal"].current_size = 77
    qtbot.wait(2 * SETTLED_MS)
    np.testing.assert_array_equal(circles_of(session.members("normal")), circles_of(before))


def test_a_layer_that_was_taken_out_is_back_when_its_class_changes(
    viewer: ViewerModel, image: Image, session: Session, layers: ClassLayers
) -> None:
    taken_out = ("obsolescent", "disappearing")
    for name in taken_out:
        viewer.layers.remove(layers[name])
    with pytest.raises(KeyError):
        layers["obsolescent"]
    select(layers["normal"], session.members("normal").index[:1])
    viewer.layers.selection.active = layers["normal"]
    press(layers["normal"], "2")
    assert len(layers["obsolescent"].data) == len(session.members("obsolescent"))
    assert viewer.layers.selection == {layers["normal"]}
    assert viewer.layers.selection.active is layers["normal"]
    session.thresholds = Thresholds(0.5)
    assert_layers_show(session, layers)
    assert list(viewer.layers) == [image, *(layers[name] for name in reversed(GGS.classes))]
    press(layers["disappearing"], "Ctrl+Z")
    assert_layers_show(session, layers)


def test_nothing_comes_back_once_the_layers_are_away(
    viewer: ViewerModel, session: Session, layers: ClassLayers
) -> None:
    viewer.layers.remove(layers["normal"])
    layers.remove()
    session.thresholds = Thresholds(0.2)
    assert [type(layer) for layer in viewer.layers] == [Image]


@pytest.mark.parametrize("zoom", [0.05, 0.5, 3.0])
def test_borders_are_as_wide_on_the_screen_at_any_zoom(
    viewer: ViewerModel, image: Image, layers: ClassLayers, zoom: float
) -> None:
    viewer.scene.camera.zoom = zoom
    on_screen = layers["normal"].border_width * image.scale[-1] * zoom
    np.testing.assert_allclose(on_screen, BORDER_PX, rtol=0.1)
    layers[NON_GLOMERULUS].visible = True
    np.testing.assert_array_equal(
        layers[NON_GLOMERULUS].border_width[0], layers["normal"].border_width[0]
    )


def test_circles_follow_the_scale_of_their_slide(image: Image, layers: ClassLayers) -> None:
    image.scale = (0.25, 0.25)
    assert tuple(layers["normal"].scale) == (0.25, 0.25)
