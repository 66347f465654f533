"""Patches of a folder of ready-made crops, one glomerulus each."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from napari_ggs.classification.reading import read_crop
from napari_ggs.errors import UserError
from napari_ggs.lesions import Scheme
from napari_ggs.training.labelled_files import labelled_files
from napari_ggs.training.patches import PATCH_PX, PatchSet
from napari_ggs.training.recipe import RecipeError


def folder_patches(folder: Path, scheme: Scheme) -> PatchSet:
    """Read the labelled images of a folder; see `labelled_files` for how they are named.

    All are read before anything is complained of, since a broken image may not be the only one.

    Raises
    ------
    RecipeError
        If there are none, a class is unknown, or an image cannot be read.
    """
    files = labelled_files(folder, scheme)
    pixels = np.empty((len(files), PATCH_PX, PATCH_PX, 3), np.uint8)

    def read(i: int) -> str:
        try:
            pixels[i] = read_crop(folder / files[i].name, PATCH_PX)
        except UserError as fault:
            return str(fault)
        return ""

    with ThreadPoolExecutor() as pool:
        faults = [fault for fault in pool.map(read, range(len(files))) if fault]
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
    )
