"""Patches of real tissue: labelled fields."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.random import Generator

from napari_ggs.circles import Array
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.training.aidpath import LabelledField
from napari_ggs.training.augment import Images
from napari_ggs.training.composing import fields_with_compositions
from napari_ggs.training.cutting import Window, cut, free_circles, window_of
from napari_ggs.training.patches import PATCH_PX, PatchSet
from napari_ggs.training.sources import Aidpath

OTHERS_BESIDE_COMPOSED = 6
"""Random other places on a field with phantoms laid in; the same tissue comes with each."""


def aidpath_patches(source: Aidpath, progress: Callable[[int, int], None]) -> Iterator[PatchSet]:
    """Patches of the AIDPATH fields, one set for each."""
    rng = np.random.default_rng(source.seed)
    for field in fields_with_compositions(source.folder, source.composed, progress=progress):
        number = source.others if field.name == field.patient else OTHERS_BESIDE_COMPOSED
        yield field_patches(field, number, rng)


def field_patches(field: LabelledField, number: int, rng: Generator) -> PatchSet:
    """Patches of one field: its glomeruli, the named other places, and `number` random ones."""
    taken = np.concatenate([field.glomeruli, field.unsure])
    window = window_of(field.image)
    height, width, _ = field.image.shape
    others = [cut(window, circle, field.mpp) for circle in field.others]
    others += _tissue_patches(window, (width, height), taken, field.mpp, number, rng)
    images = [cut(window, circle, field.mpp) for circle in field.glomeruli] + others
    return PatchSet.of(images, field.labels + [NON_GLOMERULUS] * len(others), field.patient)


def _tissue_patches(
    window: Window, size: tuple[int, int], taken: Array, mpp: float, number: int, rng: Generator
) -> list[Images]:
    """Patches of up to `number` circles that lie on tissue; some lie on its edge."""
    circles = free_circles(rng, size, taken, mpp, 4 * number)
    patches = (cut(window, circle, mpp) for circle in circles)
    on_tissue = (patch for patch in patches if _tissue_share(patch) > rng.uniform(0.2, 0.9))
    return [patch for _, patch in zip(range(number), on_tissue, strict=False)]


def _tissue_share(patch: Images) -> float:
    """Share of coloured pixels in the middle of a patch."""
    middle = patch[PATCH_PX // 4 : -PATCH_PX // 4, PATCH_PX // 4 : -PATCH_PX // 4].astype(int)
    return float((middle.max(axis=2) - middle.min(axis=2) > 12).mean())
