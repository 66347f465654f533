"""From a path to a Slide, or to one line that says why not."""

from contextlib import suppress
from pathlib import Path

import openslide

from napari_ggs.slides.backend import Backend
from napari_ggs.slides.errors import SlideError, TileError
from napari_ggs.slides.openslide_backend import OpenSlideBackend
from napari_ggs.slides.resolution import PLAUSIBLE, plausible
from napari_ggs.slides.slide import Slide
from napari_ggs.slides.tiff import TiffBackend

OURS = {"aperio", "generic-tiff", None}
"""What OpenSlide calls the TIFFs that are read tile by tile here; other vendors' overlap, turn or
stitch tiles in their own ways."""

TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PROBES = 3
FORMATS = "SVS, tiled TIFF, NDPI, SCN, MRXS, BIF or DICOM"


def open_slide(path: str | Path, mpp: float | None = None) -> Slide:
    """Open a whole-slide image.

    Parameters
    ----------
    path : str or Path
        A slide file, one file of a DICOM slide, or the folder of one.
    mpp : float, optional
        Microns per level-0 pixel, instead of what the file says.

    Returns
    -------
    Slide

    Raises
    ------
    SlideError
        If there is nothing at `path`, it is no slide or a damaged one, or `mpp` is not credible.
    """
    path = Path(path).absolute()  # so that a copy in another process finds it
    if mpp is not None and plausible(mpp) is None:
        raise SlideError(
            f"{mpp:g} microns per pixel cannot be: a slide has {PLAUSIBLE[0]:g} to "
            f"{PLAUSIBLE[1]:g} (0.25 for a 40x scan, 0.5 for 20x)."
        )
    return Slide(path, _backend(path), mpp)


def _slide_file(path: Path) -> Path:
    """Return the file to open: `path` itself, or a DICOM file in that folder."""
    if path.is_dir():
        return _dicom_file(path)
    if not path.exists():
        raise SlideError(f"There is no file {path}. Check its name and folder.")
    if path.stat().st_size == 0:
        raise SlideError(f"{path.name} is empty (0 bytes). Copy or download it again.")
    return path


def _dicom_file(folder: Path) -> Path:
    slides: dict[str | None, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.is_file() and openslide.OpenSlide.detect_format(file) == "dicom":
            with suppress(openslide.OpenSlideError), openslide.OpenSlide(file) as slide:
                slides.setdefault(slide.properties.get("openslide.quickhash-1"), file)
    if not slides:
        raise SlideError(f"{folder} is a folder without a DICOM slide. Name a slide file in it.")
    if len(slides) > 1:
        names = ", ".join(file.name for file in slides.values())
        raise SlideError(f"{folder} holds {len(slides)} DICOM slides. Name one: {names}.")
    return next(iter(slides.values()))


def _backend(path: Path) -> Backend:
    try:
        file = _slide_file(path)
        backend = _tiff(file) or _openslide(file)
    except PermissionError as error:
        raise SlideError(f"{path.name} may not be read by this user. Ask for access.") from error
    except OSError as error:
        raise SlideError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    if _answers(backend):
        return backend
    backend.close()
    raise SlideError(
        f"{path.name} opens as a slide, but none of {PROBES} tiles across it can be decoded: it is "
        f"damaged. "
        f"Copy or export it again."
    )


def _tiff(path: Path) -> Backend | None:
    """Our own TIFF path, or None if the file is for OpenSlide."""
    with path.open("rb") as file:
        if file.read(4) not in TIFF_MAGIC:
            return None
    if openslide.OpenSlide.detect_format(path) not in OURS:
        return None
    try:
        return TiffBackend(path)
    except (SlideError, OSError):
        raise
    except Exception:  # damaged headers make tifffile raise anything; OpenSlide has the last word
        return None


def _openslide(path: Path) -> Backend:
    try:
        return OpenSlideBackend(path)
    except openslide.OpenSlideUnsupportedFormatError as error:
        raise SlideError(
            f"{path.name} is not a slide that can be read here ({FORMATS}). If it is one, it may "
            f"be damaged or cut short: copy or export it again."
        ) from error
    except openslide.OpenSlideError as error:
        raise SlideError(
            f"{path.name} cannot be opened as a slide: {' '.join(str(error).split())}. "
            f"Copy or export it again."
        ) from error


def _answers(backend: Backend) -> bool:
    """Whether any of a few tiles across level 0 can be decoded."""
    grid = backend.grids[0]
    for i in range(PROBES):
        share = (i + 1) / (PROBES + 1)
        with suppress(TileError):
            backend.decode(0, int(grid.rows * share), int(grid.columns * share))
            return True
    return False
