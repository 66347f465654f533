"""What the File menu offers: open a slide, and write one as OME-Zarr."""

from pathlib import Path

from napari.layers import Image
from napari.utils import progress
from napari.utils.history import get_open_history, update_open_history
from napari.utils.notifications import show_error, show_info
from napari.viewer import Viewer
from npe2 import PluginManager
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.command import Command
from napari_ggs.viewer.preferences import PLUGIN
from napari_ggs.viewer.run_form import is_slide

OPEN, WRITE = "Open a whole-slide image", "Write the slide as OME-Zarr"


def open_slide(viewer: Viewer) -> None:
    """Ask for slides, and open them."""
    files, _ = QFileDialog.getOpenFileNames(
        QApplication.activeWindow(), OPEN, get_open_history()[0], slide_files()
    )
    if files:
        update_open_history(files[0])
        attempt(lambda: viewer.open(files, plugin=PLUGIN))


def slide_files() -> str:
    """What a dialog of files offers: the files that our reader opens."""
    readers = PluginManager.instance().get_manifest(PLUGIN).contributions.readers or []
    patterns = (name for reader in readers for name in reader.filename_patterns)
    files = [name for name in patterns if name != "*.zarr"]  # those are folders
    return f"Slides ({' '.join(files)});;All files (*)"


def convert_slide(viewer: Viewer) -> None:
    """Ask where to, and write a slide as OME-Zarr in a process of its own.

    The slide is that of the active layer, else the latest one, else a file that is asked for.
    """
    chosen = _slide_of(viewer) or _ask_for_slide()
    if chosen is None:
        return
    slide, mpp = chosen
    where, _ = QFileDialog.getSaveFileName(
        QApplication.activeWindow(), WRITE, f"{slide.with_suffix('')}.ome.zarr", "*.ome.zarr"
    )
    if where:
        attempt(lambda: Conversion(slide, _with_suffix(Path(where)), mpp).begin())


def _slide_of(viewer: Viewer) -> tuple[Path, float] | None:
    """File and microns per pixel (0 if not known) of the slide at hand."""
    active, slides = viewer.layers.selection.active, list(filter(is_slide, viewer.layers))
    image: Image | None = active if active in slides else slides[-1] if slides else None
    if image is None:
        return None
    slide = image.metadata["slide"]
    return slide.path, float(image.metadata.get("mpp", slide.mpp) or 0)


def _ask_for_slide() -> tuple[Path, float] | None:
    window = QApplication.activeWindow()
    file, _ = QFileDialog.getOpenFileName(window, WRITE, get_open_history()[0], slide_files())
    return (Path(file), 0.0) if file else None


def _with_suffix(path: Path) -> Path:
    return path if path.name.endswith(".zarr") else path.with_name(f"{path.name}.ome.zarr")


class Conversion(Command):
    """``napari-ggs convert`` in the background; says what became of it.

    Parameters
    ----------
    slide, out : Path
    mpp : float
        Microns per pixel; 0 for what the file says.
    """

    def __init__(self, slide: Path, out: Path, mpp: float) -> None:
        application = QApplication.instance()
        assert application is not None
        super().__init__(application)  # it goes on when a dock is closed
        self._out, self._words = out, ["convert", str(slide), str(out)]
        if mpp:
            self._words += ["--mpp", str(mpp)]
        self.ended.connect(self._on_ended)

    def begin(self) -> None:
        """Begin; the activity dock shows that it is at work."""
        self._bar = progress(total=0, desc=f"Writing {self._out.name}")
        self.start(self._words)
        show_info(f"Writing {self._out}. You can go on working meanwhile.")

    def _on_ended(self, fault: str) -> None:
        self._bar.close()
        if fault:
            show_error(f"{self._out.name} was not written. {fault}")
        else:
            show_info(f"{self._out} is written.")
        self.deleteLater()
