"""Patches of a folder of ready-made crops: ``folder/patient/class/*.png``."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from napari_ggs.lesions import Scheme
from napari_ggs.training.augment import Images
from napari_ggs.training.patches import PATCH_PX, PatchSet
from napari_ggs.training.recipe import RecipeError
from napari_ggs.training.sources import Folder


def folder_patches(source: Folder, scheme: Scheme) -> Iterator[PatchSet]:
    """Patches of a folder, one set for each patient.

    Raises
    ------
    RecipeError
        If there are none, a class is not of the scheme, or a file is no image.
    """
    patients = sorted(path for path in source.folder.iterdir() if path.is_dir())
    if not patients:
        raise RecipeError(
            f"There are no patches in {source.folder}: it must hold patient/class/*.png."
        )
    for patient in patients:
        yield _patient(patient, scheme)


def _patient(folder: Path, scheme: Scheme) -> PatchSet:
    images, labels = [], []
    for kind in sorted(path for path in folder.iterdir() if path.is_dir()):
        if kind.name not in scheme:
            raise RecipeError(
                f"{kind} is no class of the scheme {scheme.name}: name the folder after one of "
                f"{', '.join(scheme.classes)}."
            )
        for file in sorted(kind.glob("*.png")):
            images.append(_ready(file))
            labels.append(kind.name)
    return PatchSet.of(images, labels, folder.name, context=1.0)


def _ready(file: Path) -> Images:
    try:
        with Image.open(file) as opened:
            whole = opened.convert("RGB").resize((PATCH_PX, PATCH_PX), Image.Resampling.BOX)
    except OSError as fault:
        raise RecipeError(f"The patch {file} cannot be read ({fault}): replace it.") from fault
    return np.asarray(whole)
