"""Whether ready-made patches show a glomerulus as a classifier sees it: how large, how sharp."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from PIL import Image

from napari_ggs.classification import MARGIN_UM
from napari_ggs.lesions import Scheme
from napari_ggs.training.labelled_files import MANIFEST, labelled_files
from napari_ggs.training.recipe import RecipeError

FEWEST_PX = 64
"""Crops of a smaller side show no capillary loops: 4 um a pixel for a normal glomerulus."""

OFF = 0.1
"""Share by which the tissue that a patch shows may differ from its circle and the margin."""

_NEEDED = ["file", "radius", "mpp", "crop_mpp"]


def refuse_other_patches(folders: Sequence[Path], scheme: Scheme) -> None:
    """See that the patches of folders are of the resolution and extent that is trained with.

    Raises
    ------
    RecipeError
        Says how many are not, names the first, and what it should be.
    """
    for folder in folders:
        names = [file.name for file in labelled_files(folder, scheme)]
        sizes = {name: _side(folder / name) for name in names}
        _refuse_small(folder, sizes)
        if (folder / MANIFEST).is_file():
            _refuse_other_extent(folder, sizes)


def _side(path: Path) -> int:
    """Pixels of the shorter side, as the header has it; what cannot be read is told of later."""
    try:
        with Image.open(path) as image:
            return min(image.size)
    except OSError:
        return FEWEST_PX


def _refuse_small(folder: Path, sizes: dict[str, int]) -> None:
    small = [name for name, side in sizes.items() if side < FEWEST_PX]
    if small:
        raise RecipeError(
            f"{len(small)} of {len(sizes)} patches in {folder} are of too low a resolution: "
            f"{small[0]} has {sizes[small[0]]} px a side, and {FEWEST_PX} or more are needed. "
            "Export them again from the slides, or leave the folder out."
        )


def _refuse_other_extent(folder: Path, sizes: dict[str, int]) -> None:
    """Where the manifest tells um/px: a patch shows its circle and the margin on each side."""
    table = pd.read_csv(folder / MANIFEST, dtype=str, keep_default_na=False)
    if not set(_NEEDED) <= set(table):
        return
    table = table[table["file"].isin(sizes)]
    radius, mpp, crop_mpp = (pd.to_numeric(table[name]) for name in _NEEDED[1:])
    due = 2 * (radius * mpp + MARGIN_UM)
    shown = table["file"].map(sizes) * crop_mpp
    off = pd.DataFrame({"file": table["file"], "due": due, "shown": shown})
    off = off[(off["shown"] - off["due"]).abs() > OFF * off["due"]]
    if len(off):
        first = off.iloc[0]
        raise RecipeError(
            f"{len(off)} of {len(table)} patches in {folder} are of another resolution than their "
            f"circles ask for: {first.file} shows {first.shown:.0f} um, and its circle with "
            f"{MARGIN_UM} um around it is {first.due:.0f} um across. Export them again, or leave "
            "the folder out."
        )
