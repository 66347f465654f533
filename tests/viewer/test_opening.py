"""What the menus offer: where a person looks for it, and what it does."""

from pathlib import Path

import pytest
import yaml
from app_model.types import MenuItem
from napari import Viewer
from napari._app_model import get_app_model
from napari._app_model.constants import MenuId
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QFileDialog

import napari_ggs
from napari_ggs.slides import open_slide
from napari_ggs.viewer import opening, preferences

PLACES = {
    MenuId.FILE_IO_UTILITIES: {"napari-ggs.open_slide", "napari-ggs.convert_slide"},
    MenuId.LAYERS_SEGMENT: {"napari-ggs.detect"},
    MenuId.LAYERS_CLASSIFY: {"napari-ggs.detect", "napari-ggs.retrain"},
    MenuId.LAYERS_ANNOTATE: {"napari-ggs.review"},
    MenuId.LAYERS_MEASURE: {"napari-ggs.review"},
}
MANIFEST = yaml.safe_load((Path(napari_ggs.__file__).parent / "napari.yaml").read_text())


def ours(menu: str) -> set[str]:
    """Our commands in a menu of napari."""
    entries = get_app_model().menus.get_menu(menu)
    commands = {entry.command.id for entry in entries if isinstance(entry, MenuItem)}
    return {name for name in commands if name.startswith("napari-ggs.")}


def press(command: str) -> None:
    """Do what a menu's entry does."""
    get_app_model().commands.execute_command(command).result()


@pytest.mark.usefixtures("window")
def test_menus_have_the_docks_and_the_files_where_people_look_for_them() -> None:
    assert {menu: ours(menu) for menu in PLACES} == PLACES


def test_every_menu_of_the_manifest_is_one_that_napari_has() -> None:
    assert set(MANIFEST["contributions"]["menus"]) <= MenuId.contributables()


def test_every_preference_of_the_manifest_is_read() -> None:
    source = Path(preferences.__file__).read_text()
    groups = MANIFEST["contributions"]["configurations"]
    unread = [
        f"{group}.{name}"
        for group, content in groups.items()
        for name in content["properties"]
        if f"_{group}().{name}" not in source
    ]
    assert not unread


def test_a_dock_opens_from_its_menu(window: Viewer) -> None:
    press("napari-ggs.review")
    assert any("Review" in name for name in window.window.dock_widgets)


def test_a_slide_opens_from_the_menu(
    window: Viewer, kidney: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def choose(*words: object) -> tuple[list[str], str]:
        asked.append(words[-1])
        return [str(kidney)], ""

    monkeypatch.setattr(QFileDialog, "getOpenFileNames", choose)
    press("napari-ggs.open_slide")
    assert [layer.name for layer in window.layers] == [kidney.stem]
    assert "*.ndpi" in asked[0]
    assert "zarr" not in asked[0]


def test_nothing_happens_if_no_file_is_chosen(
    window: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([], ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    press("napari-ggs.open_slide")
    press("napari-ggs.convert_slide")
    assert not window.layers


def test_the_slide_at_hand_is_written_as_ome_zarr(
    window: Viewer, kidney: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(opening, "show_info", said.append)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "k"), ""))
    window.open(kidney, plugin="napari-ggs")
    press("napari-ggs.convert_slide")
    qtbot.waitUntil(lambda: len(said) == 2, timeout=60_000)
    written = tmp_path / "k.ome.zarr"
    assert said[1] == f"{written} is written."
    with open_slide(written) as slide, open_slide(kidney) as before:
        assert (slide.width, slide.height, slide.mpp) == (before.width, before.height, before.mpp)


def test_a_name_that_is_taken_is_refused_in_words(
    window: Viewer, kidney: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "k.ome.zarr").mkdir()
    said: list[str] = []
    monkeypatch.setattr(opening, "show_error", said.append)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "k"), ""))
    window.open(kidney, plugin="napari-ggs")
    press("napari-ggs.convert_slide")
    qtbot.waitUntil(lambda: bool(said), timeout=60_000)
    assert "exists already" in said[0]
