"""Where tissue is, and how much of it could not be read."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_ggs.slides.backend import Pixels
from napari_ggs.slides.faults import UNREAD

if TYPE_CHECKING:
    from napari_ggs.slides.slide import Slide

Mask = NDArray[np.bool_]
Score = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""x, y, width, height in level-0 pixels."""

MASK_MPP = 8.0
MASK_DOWNSAMPLE = 16.0
"""Level-0 px per mask px where um/px is unknown: 8 um at 20x."""

CHROMA, DARKNESS = 0.05, 0.35
"""Optical densities (natural log) that mark tissue. Chroma is the difference between the most and
the least absorbed of red, green and blue: 0 for glass and grey, up to .02 for tinted glass, above
.05 in the palest PAS. Darkness alone marks silver and pigment, which have no colour."""

TINT, MAGENTA, FLAT = 0.15, 0.03, 1.5
"""Glass has a chroma below TINT, absorbs green less than MAGENTA more than red and blue (eosin and
PAS absorb it most) and varies by less than FLAT grey levels (SD) nearby."""

BRIGHT, BLACK = 190, 12
"""Grey levels: glass is brighter than BRIGHT; what is below BLACK was never scanned."""

STRONGEST = 4.0
"""Scores are clipped here, so that strong stain does not bloom over its surroundings."""

SMOOTHING = 1.5
SPECK_MM2, HOLE_MM2 = 0.005, 0.05
STRIP_ROWS = 128
GLASS_SAMPLE = 1500


@dataclass(frozen=True, eq=False)
class Tissue:
    """Mask of the tissue on a slide.

    Attributes
    ----------
    mask : ndarray of bool, shape (h, w)
        True on tissue, with its small gaps.
    mpp : float
        Microns per mask pixel, about 8; NaN if the slide's um/px is unknown.
    downsample : float
        Level-0 px per mask px.
    """

    mask: Mask
    mpp: float
    downsample: float

    @cached_property
    def area_mm2(self) -> float:
        """Area of the tissue in square millimetres; NaN if the slide's um/px is unknown."""
        return float(self.mask.sum()) * (self.mpp / 1000) ** 2

    def covers(self, x: float, y: float, width: float, height: float) -> bool:
        """Whether there is any tissue in a rectangle of level-0 pixels."""
        return bool(self.mask[self._slices(x, y, width, height)].any())

    def missed(self, unread: Iterable[Box], seen: Iterable[Box] | None = None) -> float:
        """Share of the tissue's area in no rectangle that was seen, or in one that is unread.

        Parameters
        ----------
        unread, seen : iterable of (x, y, width, height)
            In level-0 px; None of `seen`: everything was.

        Returns
        -------
        float
            0 to 1; 0 where there is no tissue.
        """
        missing = np.zeros_like(self.mask) if seen is None else ~self._paint(seen)
        missing |= self._paint(unread)
        area = int(self.mask.sum())
        return int((self.mask & missing).sum()) / area if area else 0.0

    def _paint(self, boxes: Iterable[Box]) -> Mask:
        return paint(boxes, self.downsample, self.mask.shape)

    def _slices(self, x: float, y: float, width: float, height: float) -> tuple[slice, slice]:
        columns = slice(max(0, _floor(x, self)), max(0, -_floor(-(x + width), self)))
        rows = slice(max(0, _floor(y, self)), max(0, -_floor(-(y + height), self)))
        return rows, columns


def paint(boxes: Iterable[Box], downsample: float, shape: tuple[int, ...]) -> Mask:
    """Pixels of a mask of this shape whose centre lies in a rectangle of level-0 pixels.

    The last row and column may reach beyond the slide: a rectangle that enters them fills them.
    """
    painted = np.zeros(shape, dtype=bool)
    for x, y, width, height in boxes:
        rows = _filled(y, y + height, downsample, shape[0])
        painted[rows, _filled(x, x + width, downsample, shape[1])] = True
    return painted


def _filled(low: float, high: float, downsample: float, length: int) -> slice:
    first, last = (max(0, round(edge / downsample)) for edge in (low, high))
    return slice(first, length if high > (length - 1) * downsample else last)


def _floor(value: float, tissue: Tissue) -> int:
    return math.floor(value / tissue.downsample)


def find_tissue(slide: "Slide") -> Tissue:
    """Find the tissue of a slide by its colour and darkness, at about 8 um/px.

    Fixed limits on optical density relative to the slide's own glass, not a threshold from the
    histogram: that one splits a slide that tissue covers, or one that is all glass, in two. Gaps
    below .05 mm^2 (vessels, tubules) count as tissue, specks below .005 mm^2 do not.
    """
    step = MASK_DOWNSAMPLE if slide.mpp is None else max(1.0, MASK_MPP / slide.mpp)
    mpp = math.nan if slide.mpp is None else step * slide.mpp
    width, height = (math.ceil(side / step) for side in slide.pyramid.canvas)
    pixels = slide.read_step(0, 0, width, height, step)
    mask = _smooth_score(pixels, SMOOTHING * _pixels_per(MASK_MPP, mpp)) > 1
    if unread := slide.pyramid.unread_boxes():
        _infer_unread(mask, (pixels == UNREAD).all(axis=-1) & paint(unread, step, mask.shape))
    del pixels  # 24 MB at 8 gigapixels
    return Tissue(_tidy(mask, mpp), mpp, step)


def _pixels_per(microns: float, mpp: float) -> float:
    """Mask pixels in a length; a mask px of unknown size is taken for 8 um."""
    return microns / (MASK_MPP if math.isnan(mpp) else mpp)


def _smooth_score(pixels: Pixels, sigma: float) -> Score:
    """Score of every mask pixel, made in strips and smoothed in place: tissue is above 1."""
    every = math.ceil(max(pixels.shape) / GLASS_SAMPLE)
    glass = _glass(pixels[::every, ::every])
    score = np.empty(pixels.shape[:2], dtype=np.float32)
    for rows in _strips(len(pixels)):
        score[rows] = stain(pixels[rows], glass)
    ndimage.gaussian_filter(score, sigma, output=score)
    return score


def _strips(rows: int) -> Iterator[slice]:
    return (slice(top, top + STRIP_ROWS) for top in range(0, rows, STRIP_ROWS))


def stain(pixels: Pixels, glass: NDArray[np.float32]) -> Score:
    """How far RGB pixels (h, w, 3) differ from glass; more than 1 is tissue."""
    light = np.minimum((pixels + np.float32(16)) / (glass + np.float32(16)), 1)
    density = -np.log(light)
    chroma = density.max(axis=-1) - density.min(axis=-1)
    score = np.maximum(chroma / CHROMA, density.mean(axis=-1) / DARKNESS)
    score[pixels.max(axis=-1) < BLACK] = 0
    clipped: Score = np.minimum(score, STRONGEST)
    return clipped


def _glass(pixels: Pixels) -> NDArray[np.float32]:
    """Colour of the glass: the median of what is bright, nearly colourless and flat; else white."""
    white = np.full(3, 255, dtype=np.float32)
    density = -np.log((pixels + np.float32(16)) / 271)
    tint = density.max(axis=-1) - density.min(axis=-1)
    magenta = density[..., 1] - density[..., ::2].mean(axis=-1)
    candidates = (tint < TINT) & (magenta < MAGENTA) & (_variation(pixels) < FLAT)
    candidates &= pixels.min(axis=-1) > BRIGHT
    candidates &= (pixels != 255).any(axis=-1)
    if candidates.mean() < 0.01:
        return white
    return np.median(pixels[candidates], axis=0).astype(np.float32)


def _variation(pixels: Pixels) -> Score:
    """Standard deviation of green in the neighbourhood (absorbed by eosin and PAS alike)."""
    green = pixels[..., 1].astype(np.float32)
    mean = ndimage.uniform_filter(green, 5)
    square = ndimage.uniform_filter(green**2, 5)
    result: Score = np.sqrt(np.maximum(square - mean**2, 0))
    return result


def _tidy(mask: Mask, mpp: float) -> Mask:
    """Fill small holes and drop specks."""
    per_mm2 = _pixels_per(1000.0, mpp) ** 2
    filled = ~_without_small(~mask, HOLE_MM2 * per_mm2)
    return _without_small(filled, SPECK_MM2 * per_mm2)


def _without_small(mask: Mask, smallest: float) -> Mask:
    """Drop 4-connected parts of fewer than `smallest` pixels."""
    labels, number = ndimage.label(mask)
    sizes = np.zeros(number + 1, dtype=np.int64)
    for rows in _strips(len(mask)):
        sizes += np.bincount(labels[rows].ravel(), minlength=number + 1)
    keep = sizes >= smallest
    keep[0] = False
    kept: Mask = keep[labels]
    return kept


def _infer_unread(mask: Mask, unread: Mask) -> None:
    """Let unread pixels be what the nearest readable pixel is, in place."""
    if unread.any() and not unread.all():
        rows, columns = ndimage.distance_transform_edt(
            unread, return_distances=False, return_indices=True
        )
        mask[unread] = mask[rows[unread], columns[unread]]
