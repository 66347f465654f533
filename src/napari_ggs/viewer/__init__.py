"""The napari plugin: the only room that knows napari and Qt."""

from collections.abc import Iterable
from pathlib import Path


def launch(slides: Iterable[Path], mpp: float | None = None) -> None:
    """Open napari with the Detect & Classify dock and slides; return when it is closed.

    Parameters
    ----------
    slides : iterable of Path
    mpp : float, optional
        Microns per pixel of the slides, in place of what the files say.

    Raises
    ------
    SlideError
        If a slide cannot be read; no window opens then.
    """
    import napari  # here: `napari_ggs.viewer.reader` must not wait for the dock's imports

    from napari_ggs.slides import open_slide
    from napari_ggs.viewer.reader import add_slide

    opened = [open_slide(path, mpp) for path in slides]
    viewer = napari.Viewer()
    for slide in opened:
        add_slide(viewer, slide)
    viewer.window.add_plugin_dock_widget("napari-ggs", "Detect & Classify")
    napari.run()
