"""The Export page: what a reader left goes to files, pseudonymous unless asked, and is told."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices

from napari_ggs.exchange import read_circles
from napari_ggs.glomeruli import GEOMETRY, Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Labelled, Moved, Noted
from napari_ggs.slides import Slide
from napari_ggs.training.labelled_files import labelled_files
from napari_ggs.viewer import preferences
from napari_ggs.viewer.export_page import ExportPage
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.reader import add_slide
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.slide_run import SlideRun
from tests.review.test_session import rows_of

LONG = 120_000
LEFT = Qt.MouseButton.LeftButton
N = 20


@pytest.fixture
def review(viewer: ViewerModel, kidney_slide: Slide) -> SlideReview:
    """A slide that the study knows, reopened."""
    keeping = Keeping(kidney_slide, preferences.study_file(), preferences.reviewer())
    keeping.begin(GGS, {}, Thresholds(0.3, 0.4), None)
    keeping.add(rows_of(N))
    keeping.finish(rows_of(N), {})
    keeping.close()
    return add_slide(viewer, kidney_slide).metadata["review"]


@pytest.fixture
def page(viewer: ViewerModel, review: SlideReview, qtbot: QtBot, tmp_path: Path) -> ExportPage:
    """The page over the review, a folder chosen."""
    made = ExportPage(viewer)
    qtbot.addWidget(made)
    made.resize(360, 800)
    made.follow(review)
    made.show()
    made.form.folder.setText(str(tmp_path / "out"))
    return made


@pytest.fixture
def export(page: ExportPage, qtbot: QtBot) -> Callable[[], str]:
    """Press the button; what the page says at the end."""

    def press() -> str:
        with qtbot.waitSignal(page._exporter.ended, timeout=LONG):
            qtbot.mouseClick(page.button, LEFT)
        return page.outcome.text()

    return press


def choose(page: ExportPage, *wanted: str) -> None:
    for name, tick in page.form.tables.items():
        tick.setChecked(name in wanted)


def files(page: ExportPage) -> list[Path]:
    return [path for path in Path(page.form.folder.text()).rglob("*") if path.is_file()]


def test_without_a_study_there_is_nothing_to_export(
    viewer: ViewerModel, run: SlideRun, qtbot: QtBot
) -> None:
    page = ExportPage(viewer)
    qtbot.addWidget(page)
    assert not page.button.isEnabled()
    assert "Detect" in page.hint.text()
    page.follow(run.review)
    assert not page.button.isEnabled()
    assert "not kept in a study" in page.hint.text()


def test_what_is_still_to_be_chosen_is_told(page: ExportPage) -> None:
    assert page.button.isEnabled()
    page.form.folder.clear()
    assert not page.button.isEnabled()
    assert page.hint.text() == "Choose a folder to write to."
    page.form.folder.setText("/tmp")
    choose(page)
    assert page.hint.text() == "Tick what to write."
    page.form.patches.setChecked(True)
    assert page.button.isEnabled()


def test_what_is_exported_reads_back(
    page: ExportPage, review: SlideReview, export: Callable[[], str]
) -> None:
    session = review.session
    session.apply(Labelled((0, 1, 2), "solidified"))
    session.apply(Moved((1,), [[410.5, 402.25, 66.125]]))
    session.apply(Noted((2,), "as in Smith"))
    choose(page, "csv", "parquet", "geojson")
    page.form.patches.setChecked(True)
    words = export()
    assert "20 circles (.csv), 20 circles (.parquet)" in words
    assert "3 patches (.png)" in words
    assert page.open.isVisible()
    (table,) = [
        path for path in files(page) if path.name.startswith("slide-") and path.suffix == ".csv"
    ]
    back, state = read_circles(table), session.table
    assert (back[GEOMETRY].to_numpy() == state[GEOMETRY].to_numpy()).all()
    assert back["label"].tolist() == state["label"].tolist()
    patches = labelled_files(Path(page.form.folder.text()), GGS)
    assert [patch.label for patch in patches] == ["solidified"] * 3


def test_names_leave_only_where_asked(
    page: ExportPage, review: SlideReview, export: Callable[[], str]
) -> None:
    review.session.apply(Noted((2,), "as in Smith"))
    assert "pseudonyms" in page.form.about_names.text()
    export()
    (told,) = files(page)
    secret = (review.slide.path.stem, preferences.reviewer(), "Smith")
    assert not [word for word in secret if word in told.name + told.read_text()]
    page.form.names.setChecked(True)
    assert "With names" in page.form.about_names.text()
    page.form.folder.setText(page.form.folder.text() + " with names")
    export()
    (told,) = files(page)
    assert all(word in told.name + told.read_text() for word in secret)


def test_the_labels_of_each_reader_are_offered(
    page: ExportPage, review: SlideReview, export: Callable[[], str]
) -> None:
    labels, me = page.form.labels, preferences.reviewer()

    def offered() -> list[str]:
        page.hide()
        page.show()
        return [labels.itemText(i) for i in range(labels.count())]

    assert offered() == ["None yet: what the models say"]
    review.session.apply(Labelled((0,), "normal"))
    assert offered() == [f"Mine ({me})"]
    keeping = review.keeping
    keeping.read_as("bob", review.session)
    review.session.apply(Labelled((0,), "solidified"))
    assert offered() == ["Mine (bob)", f"Those of {me}", "Consensus of all readers"]
    labels.setCurrentIndex(2)
    assert "disagree on 1 circles" in export()
    labels.setCurrentIndex(1)
    export()
    (told,) = files(page)
    assert pd.read_csv(told, keep_default_na=False)["label"][0] == "normal"


def test_all_slides_of_the_study_are_exported_and_a_fault_of_one_is_told(
    page: ExportPage, review: SlideReview, export: Callable[[], str], unknown: Image
) -> None:
    keeping = Keeping(unknown.metadata["slide"], preferences.study_file(), "bob")
    keeping.begin(GGS, {}, Thresholds(), None)
    keeping.close()
    review.session.apply(Labelled((0,), "normal"))
    page.hide()
    page.show()
    page.form.slides.setCurrentText("All 2 slides of the study")
    words = export()
    assert f"{review.slide.name}: 20 circles" in words
    assert "has reviewed nothing there" in words
    assert len(files(page)) == 1


def test_a_folder_that_cannot_be_written_is_told_in_one_line(
    page: ExportPage, export: Callable[[], str], tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    page.form.folder.setText(str(tmp_path / "taken"))
    words = export()
    assert "choose another folder" in words
    assert "<br>" not in words
    assert not page.open.isVisible()
    assert (tmp_path / "taken").read_text() == "a file"


def test_the_folder_is_remembered_and_opened(
    page: ExportPage,
    viewer: ViewerModel,
    export: Callable[[], str],
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    export()
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    qtbot.mouseClick(page.open, LEFT)
    assert [url.toLocalFile() for url in opened] == [page.form.folder.text()]
    another = ExportPage(viewer)
    qtbot.addWidget(another)
    assert another.form.folder.text() == page.form.folder.text()


def test_an_export_can_be_stopped(page: ExportPage, qtbot: QtBot) -> None:
    page.form.patches.setChecked(True)
    with qtbot.waitSignal(page._exporter.ended, timeout=LONG):
        qtbot.mouseClick(page.button, LEFT)
        assert page.button.text() == "Stop"
        assert not page.form.isEnabled()
        qtbot.mouseClick(page.button, LEFT)
    assert "Stopped" in page.outcome.text()
    assert page.button.text() == "Export"


def test_an_export_that_ends_by_a_fault_is_told(
    export: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_ggs.viewer.exporting.CHILD", "no_such_module")
    assert "ended on its own" in export()
