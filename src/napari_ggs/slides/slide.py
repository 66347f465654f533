"""A slide: pixels at any resolution, whatever the file they come from."""

import weakref
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Self

from napari_ggs.slides.backend import Backend, Pixels
from napari_ggs.slides.cache import TileCache
from napari_ggs.slides.errors import SlideError
from napari_ggs.slides.grid import Scale
from napari_ggs.slides.pyramid import Pyramid, Watched
from napari_ggs.slides.resample import best_level, resample
from napari_ggs.slides.stairs import Stairs
from napari_ggs.slides.tissue import Box, Tissue, find_tissue

if TYPE_CHECKING:
    import dask.array
    import zarr

CACHE_BYTES = 256 * 2**20
"""Decoded tiles that are kept for who looks around."""
SCAN_CACHE_BYTES = 64 * 2**20
"""Decoded tiles that are kept for a walk over the slide: more is no faster."""
COMPOUND_ENDINGS = (".ome.tif", ".ome.tiff", ".ome.zarr", ".zarr")


def result_name(path: Path) -> str:
    """What a slide at `path` is called: the file's name without its ending, or the folder's."""
    for ending in COMPOUND_ENDINGS:
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)] or path.name
    return path.name if path.is_dir() else path.stem


class Slide:
    """One whole-slide image. Made by `open_slide`; immutable, thread-safe and picklable.

    Coordinates are level-0 pixels; (0, 0) is the top-left corner of the first pixel. Label and
    macro images, which may show a patient's name, are not readable through it. Pixels that
    cannot be read are grey 243, counted by `unread_tiles` and never silently white.

    Attributes
    ----------
    path : Path
        File, or folder of DICOM files.
    mpp : float or None
        Microns per level-0 pixel.
    cache : TileCache
        Decoded tiles; its capacity may be set where many slides are open at once.
    pyramid : Pyramid
        The tiles.
    """

    def __init__(self, path: Path, backend: Backend, mpp: float | None = None) -> None:
        self.path = path
        self._given_mpp = mpp
        self._backend = backend
        self.mpp = backend.mpp if mpp is None else mpp
        self.cache = TileCache(CACHE_BYTES)
        self.pyramid = Pyramid(backend, self.cache, path.name)
        weakref.finalize(self, self.pyramid.close)  # nobody closes what napari has forgotten

    def __reduce__(self) -> tuple[object, tuple[Path, float | None]]:
        from napari_ggs.slides.opening import open_slide

        return open_slide, (self.path, self._given_mpp)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slide) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __repr__(self) -> str:
        scale = "unknown um/px" if self.mpp is None else f"{self.mpp:g} um/px"
        return f"<Slide {self.name}: {self.width} x {self.height} px, {scale}, {self.backend}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file and the cached tiles; the slide is of no use afterwards."""
        self.pyramid.close()

    @property
    def _identity(self) -> tuple[Path, float | None]:
        return self.path, self._given_mpp

    @property
    def name(self) -> str:
        """File name without its ending, or the name of the DICOM folder."""
        return result_name(self.path)

    @property
    def backend(self) -> str:
        """What reads the file: "tiff", "zarr", "picture" or "openslide"."""
        return self._backend.name

    @property
    def width(self) -> int:
        """Pixels of level 0 from left to right."""
        return self.pyramid.canvas[0]

    @property
    def height(self) -> int:
        """Pixels of level 0 from top to bottom."""
        return self.pyramid.canvas[1]

    def require_mpp(self) -> float:
        """Return microns per level-0 pixel.

        Raises
        ------
        SlideError
            If neither the file nor the caller says.
        """
        if self.mpp is not None:
            return self.mpp
        power = self.properties.get("magnification")
        hint = f" It names an objective of {power}x, which is no measure." if power else ""
        raise SlideError(
            f"{self.path.name} has no microns per pixel in its metadata.{hint} Give it with --mpp "
            f"(0.25 for a 40x scan, 0.5 for 20x), or in the dock's field."
        )

    @cached_property
    def levels(self) -> "tuple[zarr.Array, ...]":
        """Lazy arrays of RGB uint8, shape (h, w, 3), finest first, the coarsest <= 1,500 px."""
        from napari_ggs.slides.zarr_store import open_levels

        return open_levels(self)

    @cached_property
    def stairs(self) -> Stairs:
        """The pyramid with halved levels between those that are far apart, to look at."""
        return Stairs(self.pyramid, self.cache)

    @cached_property
    def shown_levels(self) -> "tuple[zarr.Array, ...]":
        """`levels` with the halved ones between: for a viewer, which slices fewer pixels then."""
        from napari_ggs.slides.zarr_store import open_levels

        return open_levels(self, stairs=True)

    def as_dask(self, level: int = 0) -> "dask.array.Array":
        """Return a level as a lazy dask array, shape (h, w, 3), one block for each chunk."""
        import dask.array

        array = self.levels[level]
        name = f"slide-{self.fingerprint}-{self.mpp}-{level}"
        return dask.array.from_array(array, chunks=array.chunks, name=name, inline_array=True)

    def read(self, x: float, y: float, width: int, height: int, mpp: float | None = None) -> Pixels:
        """Read an area at any resolution.

        From the nearest finer level, averaged over the exact area of each output pixel; finer
        than level 0, interpolated between pixel centres.

        Parameters
        ----------
        x, y : float
            Top-left corner in level-0 px; may lie outside the slide.
        width, height : int
            Output pixels.
        mpp : float, optional
            Microns per output pixel. By default those of level 0.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            White (255) outside the slide.

        Raises
        ------
        SlideError
            If `mpp` is given and the slide's own is unknown.
        """
        step = 1.0 if mpp is None else mpp / self.require_mpp()
        return self.read_step(x, y, width, height, step)

    def read_step(self, x: float, y: float, width: int, height: int, step: float) -> Pixels:
        """Read like `read`, with the output pixel given in level-0 px (`step`), not in microns."""
        return self.read_checked(x, y, width, height, step)[0]

    def read_checked(
        self, x: float, y: float, width: int, height: int, step: float
    ) -> tuple[Pixels, bool]:
        """Read like `read_step`; say also whether every pixel that went in could be read."""
        if width < 1 or height < 1 or not step > 0:
            raise ValueError(f"Cannot read {width} x {height} px at {step} level-0 px per pixel.")
        level = best_level(self.pyramid.grids, step)
        watched = Watched(self.pyramid)
        pixels = resample(watched, level, (x, y), Scale(step, step), (width, height))
        return pixels, watched.whole

    def thumbnail(self, max_px: int = 1500) -> tuple[Pixels, float]:
        """Read the whole slide so that its longer side has at most `max_px` pixels.

        Returns
        -------
        pixels : ndarray of uint8, shape (h, w, 3)
        downsample : float
            Level-0 px per pixel, at least 1.
        """
        step = max(1.0, max(self.width, self.height) / max_px)
        width, height = (-int(-side // step) for side in self.pyramid.canvas)
        return self.read_step(0, 0, width, height, step), step

    def tissue(self) -> Tissue:
        """Where tissue is; found once, at about 8 um/px."""
        return self._tissue

    @cached_property
    def _tissue(self) -> Tissue:
        return find_tissue(self)

    @cached_property
    def fingerprint(self) -> str:
        """Identity of the content, 32 hexadecimal digits; renaming the file keeps it."""
        return self._backend.fingerprint()

    @property
    def properties(self) -> Mapping[str, str]:
        """What is known of the scan; nothing in it can name a patient."""
        return MappingProxyType(dict(self._backend.properties))

    @property
    def unread_tiles(self) -> int:
        """Number of distinct tiles of level 0 that could not be decoded so far."""
        return len(self.pyramid.faults)

    def unread_fraction(self) -> float:
        """Share of the tissue's area that lies in tiles that could not be decoded so far."""
        unread = self.pyramid.unread_boxes()
        return self.tissue().missed(unread) if unread else 0.0

    def touches_unread(self, x: float, y: float, width: float, height: float) -> bool:
        """Whether a rectangle of level-0 px touches a tile that could not be decoded so far."""
        return any(
            left < x + width and x < left + across and top < y + height and y < top + down
            for left, top, across, down in self.pyramid.unread_boxes()
        )

    def missed_fraction(self, seen: Iterable[Box]) -> float:
        """Share of the tissue's area in no rectangle that was seen, or that could not be read."""
        return self.tissue().missed(self.pyramid.unread_boxes(), seen)
