"""The synthetic slide as napari sample data."""

from pathlib import Path

import platformdirs
from napari.utils import progress

from napari_ggs import __version__
from napari_ggs.phantom import PhantomSlide, write_slide
from napari_ggs.viewer.reader import LayerData, read_slide

SIZE_UM = (3000.0, 2400.0)
MPP = 0.5


def phantom_slide() -> list[LayerData]:
    """Draw the PAS kidney phantom into the user's cache, once, and open it."""
    folder = platformdirs.user_cache_path("napari-ggs", version=__version__)
    path = folder / "PAS kidney phantom.svs"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _draw(path)
    return read_slide(str(path))


def _draw(path: Path) -> None:
    with progress(total=100, desc="Drawing the PAS kidney phantom") as bar:
        write_slide(
            PhantomSlide(*SIZE_UM, mpp=MPP),
            path,
            progress=lambda share: bar.update(round(100 * share) - bar.n),
        )
