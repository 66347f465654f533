"""Whether ready-made patches show a glomerulus as a classifier sees it: how large, how sharp."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from PIL import Image

from napari_ggs.glomeruli import MARGIN_UM
from napari_ggs.lesions import Scheme
from napari_ggs.training.labelled_files import MANIFEST, LabelledFile, labelled_files
from napari_ggs.training.recipe import RecipeError

FEWEST_PX = 64
"""Crops of a smaller side show no capillary loops: 4 um a pixel for a normal glomerulus."""

OFF = 0.1
"""Share by which the tissue that a patch shows may differ from its circle and the margin."""

_NUMBERS = ["radius", "mpp", "crop_mpp"]


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
    told = _told(folder)
    told = told[told.index.isin(sizes)]
    due = 2 * (told["radius"] * told["mpp"] + MARGIN_UM)
    shown = told.index.map(sizes) * told["crop_mpp"]
    off = pd.DataFrame({"due": due, "shown": shown})
    off = off[(off["shown"] - off["due"]).abs() > OFF * off["due"]]
    if len(off):
        first = off.iloc[0]
        raise RecipeError(
            f"{len(off)} of {len(told)} patches in {folder} are of another resolution than their "
            f"circles ask for: {first.name} shows {first.shown:.0f} um, and its circle with "
            f"{MARGIN_UM} um around it is {first.due:.0f} um across. Export them again, or leave "
            "the folder out."
        )


def told_unchecked(folders: Sequence[Path], scheme: Scheme) -> list[str]:
    """In a sentence for each folder: how many patches do not tell their um/px.

    Raises
    ------
    RecipeError
        If a folder cannot be read.
    """
    each = ((folder, labelled_files(folder, scheme)) for folder in folders)
    return [words for folder, files in each if (words := _unchecked(folder, files))]


def _unchecked(folder: Path, files: Sequence[LabelledFile]) -> str:
    known = set(_told(folder).index)
    number = sum(file.name not in known for file in files)
    if not number:
        return ""
    return (
        f"{number} of {len(files)} patches in {folder} do not tell their um per pixel ({MANIFEST} "
        "with radius, mpp and crop_mpp does), so it is not checked: each is taken for one "
        f"glomerulus with {MARGIN_UM} um around it, whatever its size in pixels."
    )


def _told(folder: Path) -> pd.DataFrame:
    """``radius`` (px), ``mpp`` and ``crop_mpp`` (um/px) by file, where the manifest tells all.

    Raises
    ------
    RecipeError
        If one of them is no number.
    """
    none = pd.DataFrame(columns=_NUMBERS, dtype=float)
    if not (folder / MANIFEST).is_file():
        return none
    table = pd.read_csv(folder / MANIFEST, dtype=str, keep_default_na=False)
    if not {"file", *_NUMBERS} <= set(table):
        return none
    numbers = table[_NUMBERS].apply(lambda column: _as_numbers(column, folder / MANIFEST))
    numbers.index = pd.Index([Path(file).as_posix() for file in table["file"]])
    return numbers.dropna()


def _as_numbers(column: "pd.Series[str]", manifest: Path) -> "pd.Series[float]":
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = column[numbers.isna() & (column.str.strip() != "")]
    if len(wrong):
        raise RecipeError(
            f"{manifest}, line {wrong.index[0] + 2}, column {column.name!r}: {wrong.iloc[0]!r} is "
            "no number. Correct it, or leave the cell empty if it is not known."
        )
    return numbers
