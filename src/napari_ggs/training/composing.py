"""Phantom glomeruli laid into real tissue: sclerosis where the real fields have none.

A composition wears its host's stain, focus and grain, and belongs to its host's side of a split.
Hard negatives are laid in too, so that what was laid in is no sign of a glomerulus.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from napari_ggs.circles import Array, as_circles
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.phantom.glomerulus import render_glomerulus
from napari_ggs.phantom.latents import draw_latents, label_of
from napari_ggs.phantom.mimics import MIMICS, render_mimic
from napari_ggs.phantom.stamp import Stamp
from napari_ggs.training.aidpath import LabelledField, labelled_fields
from napari_ggs.training.augment import HAEMATOXYLIN, PAS, WHITE, Images, compress

Floats = NDArray[np.float32]

MIX = {
    "normal": 0.2,
    "periglomerular fibrosis": 0.1,
    "obsolescent": 0.25,
    "solidified": 0.25,
    "disappearing": 0.2,
}
MIMICS_SHARE = 0.35
"""Share of what is laid in that is no glomerulus."""

TRIES = 60
COARSE = 8
TISSUE_SHARE = 0.85
"""Of a place, that must be tissue."""


PER_MM2 = 12
"""Things laid in for each square millimetre of a field; fewer find room."""


class Composition(NamedTuple):
    """A field with what was laid into it.

    Attributes
    ----------
    image : ndarray of uint8, shape (h, w, 3)
    circles : ndarray, shape (n, 3)
        x, y, radius in px: the disc of a stamp's area at its centroid.
    labels : list of str
        Their classes, non-glomerulus for hard negatives.
    """

    image: Images
    circles: Array
    labels: list[str]


def compose(
    image: Images,
    mpp: float,
    taken: Array,
    number: int,
    rng: Generator,
    mix: Mapping[str, float] | None = None,
) -> Composition:
    """Lay phantom glomeruli and hard negatives into an image of real PAS tissue.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w, 3)
    mpp : float
        Microns per pixel.
    taken : ndarray, shape (m, 3)
        Circles in px that stay as they are.
    number : int
        How many; fewer where there is no room.
    rng : Generator
    mix : mapping of str to float, optional
        Shares of the kinds of glomeruli.

    Returns
    -------
    Composition
    """
    host = _Host(image, rng)
    tissue = _tissue(image)
    free = as_circles(taken)
    laid, labels = [], []
    for _ in range(number):
        label, stamp = _drawn(mpp, rng, mix or MIX)
        circle = _circle_of(stamp)
        place = _place(circle[2], free, tissue, rng)
        if place is None:
            continue
        corner = host.lay(stamp, place)
        laid.append((circle[0] + corner[0], circle[1] + corner[1], circle[2]))
        labels.append(label)
        free = np.concatenate([free, [laid[-1]]])
    return Composition(host.image(rng), as_circles(laid), labels)


def fields_with_compositions(
    folder: Path,
    versions: int,
    left_out: Container[str] = (),
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Iterator[LabelledField]:
    """The labelled fields of AIDPATH, and versions of them with phantoms laid in.

    Parameters
    ----------
    folder : Path
        Of the data set.
    versions : int
        Compositions of each field.
    left_out : container of str
        Patients of whom no composition is made.
    progress : callable
        Called with the number of fields whose compositions are made, and of all.
    """
    fields = labelled_fields(folder)
    for number, field in enumerate(fields):
        yield field
        if field.patient not in left_out:
            for version in range(versions):
                yield composed(field, np.random.default_rng([number, version]), version)
        progress(number + 1, len(fields))


def composed(field: LabelledField, rng: Generator, version: int) -> LabelledField:
    """A field with phantoms laid in, clear of everything that is labelled on it."""
    taken = np.concatenate([field.glomeruli, field.others, field.unsure])
    area_mm2 = np.prod(field.image.shape[:2]) * (field.mpp / 1000) ** 2
    found = compose(field.image, field.mpp, taken, round(PER_MM2 * area_mm2), rng)
    false = np.array([label == NON_GLOMERULUS for label in found.labels], dtype=bool)
    return field._replace(
        name=f"{field.name}-composed-{version}",
        image=found.image,
        glomeruli=np.concatenate([field.glomeruli, found.circles[~false]]),
        labels=[*field.labels, *(label for label in found.labels if label != NON_GLOMERULUS)],
        others=np.concatenate([field.others, found.circles[false]]),
    )


class _Host:
    """An image as concentrations of haematoxylin, PAS and what is left over."""

    def __init__(self, image: Images, rng: Generator) -> None:
        density = -np.log(np.maximum(image, 1) / np.float32(WHITE))
        stains = np.array([HAEMATOXYLIN, PAS])
        units = stains / np.linalg.norm(stains, axis=1, keepdims=True)
        self._mixing = np.vstack([units, np.cross(*units)]).astype(np.float32)
        self._mixing[2] /= np.linalg.norm(self._mixing[2])
        self._stains = density @ np.linalg.inv(self._mixing)
        tissue = self._stains[..., :2].sum(axis=-1) > 0.2
        strongest = np.percentile(self._stains[tissue][:, :2], 99, axis=0) if tissue.any() else 1.0
        self._strength = strongest * np.exp(rng.uniform(0, 0.4, 2))
        self._blur, self._grain = rng.uniform(0.4, 0.8), rng.uniform(0.02, 0.06)
        self._rng = rng

    def lay(self, stamp: Stamp, centre: tuple[int, int]) -> tuple[int, int]:
        """Blend a stamp in; returns the top-left corner of its frame, which may lie outside."""
        size = len(stamp.alpha)
        left, top = centre[0] - size // 2, centre[1] - size // 2
        height, width, _ = self._stains.shape
        rows, columns = slice(max(top, 0), top + size), slice(max(left, 0), left + size)
        below = self._stains[rows, columns]
        inside = (slice(rows.start - top, height - top), slice(columns.start - left, width - left))
        alpha = stamp.alpha[inside][..., None]
        above = self._painted(stamp)[inside]
        below += alpha * (above - below)
        return left, top

    def _painted(self, stamp: Stamp) -> Floats:
        """The stamp in the host's strength of stain, focus and grain."""
        stains = [stamp.haematoxylin * self._strength[0], stamp.pas * self._strength[1]]
        sharp = np.stack([*stains, np.zeros_like(stamp.pas)], axis=-1)
        soft = ndimage.gaussian_filter(sharp, (self._blur, self._blur, 0), truncate=3)
        grain = self._rng.normal(0, self._grain, soft.shape) * np.sqrt(soft.sum(axis=-1))[..., None]
        painted: Floats = (soft + grain).astype(np.float32)
        return painted

    def image(self, rng: Generator) -> Images:
        """The picture, compressed once more, so that host and stamps have the same traces."""
        pixels = np.clip(WHITE * np.exp(-(self._stains @ self._mixing)), 0, 255).astype(np.uint8)
        return compress(pixels, rng, (75, 92))


def _drawn(mpp: float, rng: Generator, mix: Mapping[str, float]) -> tuple[str, Stamp]:
    if rng.random() < MIMICS_SHARE:
        return NON_GLOMERULUS, render_mimic(str(rng.choice(MIMICS)), mpp, rng)
    shares = np.array(list(mix.values()))
    latents = draw_latents(str(rng.choice(list(mix), p=shares / shares.sum())), rng)
    label = label_of(latents)
    known = "normal" if label == "periglomerular fibrosis" else label
    return known, _turned(render_glomerulus(latents, mpp, rng), rng)


def _turned(stamp: Stamp, rng: Generator) -> Stamp:
    quarter = int(rng.integers(4))
    h, pas, alpha = (np.rot90(part, quarter) for part in stamp[:3])
    return Stamp(h, pas, alpha, np.rot90(stamp.mask, quarter))


def _circle_of(stamp: Stamp) -> tuple[float, float, float]:
    rows, columns = np.nonzero(stamp.mask)
    return columns.mean() + 0.5, rows.mean() + 0.5, float(np.sqrt(len(rows) / np.pi))


def _tissue(image: Images) -> NDArray[np.bool_]:
    """Tissue with its small gaps, at an eighth of the resolution."""
    small = image[::COARSE, ::COARSE].astype(int)
    coloured = small.max(axis=2) - small.min(axis=2) > 15
    return np.asarray(ndimage.binary_closing(coloured, iterations=4))


def _place(
    radius: float, taken: Array, tissue: NDArray[np.bool_], rng: Generator
) -> tuple[int, int] | None:
    """A centre on tissue, clear of what is taken; None if none is found."""
    height, width = (side * COARSE for side in tissue.shape)
    for _ in range(TRIES):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        apart = np.hypot(taken[:, 0] - x, taken[:, 1] - y) > taken[:, 2] + 1.15 * radius
        if apart.all() and _share(tissue, x, y, radius) > TISSUE_SHARE:
            return int(x), int(y)
    return None


def _share(tissue: NDArray[np.bool_], x: float, y: float, radius: float) -> float:
    """Share of tissue in the square around a circle; nothing lies beyond the image."""
    side = max(1, round(2 * radius / COARSE))
    left, top = round((x - radius) / COARSE), round((y - radius) / COARSE)
    within = tissue[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)]
    return float(within.sum()) / side**2
