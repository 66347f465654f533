"""Patches of a folder of ready-made crops, one glomerulus each."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from napari_ggs.classification.reading import read_crop
from napari_ggs.errors import UserError
from napari_ggs.lesions import Scheme
from napari_ggs.training.augment import Images
from napari_ggs.training.labelled_files import labelled_files
from napari_ggs.training.mapped import mapped
from napari_ggs.training.patches import PATCH_PX, PatchSet
from napari_ggs.training.recipe import RecipeError

AT_ONCE = 256
"""Images that are in memory while they are read."""


def folder_patches(folder: Path, scheme: Scheme) -> PatchSet:
    """Read the labelled images of a folder; see `labelled_files` for how they are named.

    All are read before anything is complained of, since a broken image may not be the only one.
    They go to disk (`mapped`), since a cohort of 20,000 would fill the memory of a laptop.

    Raises
    ------
    RecipeError
        If there are none, a class is unknown, or an image cannot be read.
    """
    files = labelled_files(folder, scheme)
    faults: list[str] = []
    pixels = mapped(_read([folder / file.name for file in files], faults), PATCH_PX)
    if faults:
        raise RecipeError(
            f"{len(faults)} of {len(files)} patches cannot be read: replace or remove them. The "
            f"first: {faults[0]}"
        )
    return PatchSet(
        pixels,
        np.arange(len(files)),
        np.array([file.label for file in files]),
        np.array([file.patient for file in files]),
        np.ones(len(files), np.float32),
        np.ones(len(files), np.int64),
        np.array([file.name for file in files]),
        np.full(len(files), "", np.str_),
    )


def _read(paths: Sequence[Path], faults: list[str]) -> Iterator[Images]:
    """The images that can be read, in order; what is wrong with the others goes to `faults`."""
    with ThreadPoolExecutor() as pool:
        for at in range(0, len(paths), AT_ONCE):
            for image in pool.map(_patch, paths[at : at + AT_ONCE]):
                if isinstance(image, str):
                    faults.append(image)
                else:
                    yield image


def _patch(path: Path) -> Images | str:
    try:
        return read_crop(path, PATCH_PX)
    except UserError as fault:
        return str(fault)
