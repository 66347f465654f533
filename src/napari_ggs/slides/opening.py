"""From a path to a Slide, or to one line that says why not."""

from contextlib import suppress
from pathlib import Path

import openslide

from napari_ggs.slides.backend import Backend
from napari_ggs.slides.errors import SlideError, TileError
from napari_ggs.slides.leica import LeicaBackend
from napari_ggs.slides.locations import absolute, is_zarr
from napari_ggs.slides.openslide_backend import OpenSlideBackend
from napari_ggs.slides.picture import PictureBackend, is_picture
from napari_ggs.slides.resolution import PLAUSIBLE, plausible
from napari_ggs.slides.slide import Slide
from napari_ggs.slides.tiff import TiffBackend
from napari_ggs.slides.tiff_guard import check_claims

LEICA, SCN = "leica", ".scn"
OURS = {"aperio", "generic-tiff", LEICA, None}
"""What OpenSlide calls the TIFFs that are read tile by tile here; other vendors' overlap, turn or
stitch tiles in their own ways."""

TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PROBES = 3
FORMATS = "SVS, TIFF, OME-TIFF, OME-Zarr, NDPI, SCN, MRXS, BIF, DICOM, PNG or JPEG"


def open_slide(path: str | Path, mpp: float | None = None) -> Slide:
    """Open a whole-slide image.

    Parameters
    ----------
    path : str or Path
        A slide file, one file of a DICOM slide, the folder of one or of an OME-Zarr, or the
        address of an OME-Zarr (https, http, s3).
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
    path = absolute(path)  # so that a copy in another process finds it
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
        backend = _zarr(path) if is_zarr(path) else _file(_slide_file(path))
    except PermissionError as error:
        raise SlideError(f"{path.name} may not be read by this user. Ask for access.") from error
    except OSError as error:
        raise SlideError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    fault = _fault(backend)
    if fault is None:
        return backend
    backend.close()
    raise SlideError(
        f"{path.name} opens as a slide, but none of {PROBES} tiles across it can be decoded "
        f"({' '.join(str(fault).split())[:200]}): it is damaged. Copy or export it again."
    )


def _zarr(path: Path) -> Backend:
    from napari_ggs.slides.zarr_backend import ZarrBackend

    return ZarrBackend(path)


def _file(path: Path) -> Backend:
    if is_picture(path):
        return PictureBackend(path)
    return _tiff(path) or _openslide(path)


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in TIFF_MAGIC


def _tiff(path: Path) -> Backend | None:
    """Our own TIFF path, or None if the file is for OpenSlide."""
    if not _is_tiff(path):
        return None
    vendor = openslide.OpenSlide.detect_format(path)
    if path.suffix.lower() == SCN and vendor != LEICA:
        raise SlideError(  # else its first page, an overview with the label, would be the slide
            f"{path.name} lacks what Leica writes about its areas: it is damaged. Copy or export "
            f"it again."
        )
    if vendor not in OURS:
        return None
    try:
        return LeicaBackend(path) if vendor == LEICA else TiffBackend(path)
    except (SlideError, OSError):
        raise
    except Exception:  # damaged headers make tifffile raise anything; OpenSlide has the last word
        return None


def _openslide(path: Path) -> Backend:
    if _is_tiff(path):
        check_claims(path)
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


def _fault(backend: Backend) -> TileError | None:
    """What is wrong with each of a few tiles across level 0; None if any can be decoded."""
    grid = backend.grids[0]
    fault = None
    for i in range(PROBES):
        share = (i + 1) / (PROBES + 1)
        try:
            backend.decode(0, int(grid.rows * share), int(grid.columns * share))
        except TileError as error:
            fault = error
        else:
            return None
    return fault
