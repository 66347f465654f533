"""Collecting the patches of a recipe's sources; what takes long is kept for the next training."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from napari_ggs import phantom
from napari_ggs.lesions import Scheme, translated
from napari_ggs.training.aidpath import LABELS
from napari_ggs.training.folder_patches import folder_patches
from napari_ggs.training.patches import PatchSet, digest
from napari_ggs.training.phantom_patches import phantoms_patches
from napari_ggs.training.recipe import RecipeError
from napari_ggs.training.sources import Aidpath, Folder, Phantoms, Source, Study
from napari_ggs.training.study_patches import study_patches
from napari_ggs.training.tissue_patches import aidpath_patches

CODE = ("aidpath", "augment", "composing", "cutting", "patches")
"""Modules that the pixels of patches depend on, beside phantoms and ``*_patches``."""

Kept = Phantoms | Aidpath | Folder
"""Sources whose patches are known by their settings and files."""


def check(sources: Iterable[Source]) -> None:
    """See that the files of every source are there, before hours are spent on the first.

    Raises
    ------
    RecipeError
        Names the first place where there is nothing.
    """
    for source in sources:
        if isinstance(source, Study):
            source.refuse_missing()
        elif not (isinstance(source, Phantoms) or source.folder.exists()):
            raise RecipeError(
                f"The recipe's data are not at {source.folder.absolute()}: start the training from "
                "the folder that its paths are relative to, or correct the recipe."
            )


def patches_of(source: Source, scheme: Scheme, progress: Callable[[int, int], None]) -> PatchSet:
    """Collect the patches of a source; kept in the user's cache folder, since phantoms take time.

    Those of a study are cut anew each time: labels change, and its pixels stay where they are.

    Parameters
    ----------
    source : Source
    scheme : Scheme
        Classes of other schemes are renamed to its; patches that have no place in it are not
        there.
    progress : callable
        Called with the number of phantom slides, or of fields with phantoms laid in, that are
        drawn and to be drawn.
    """
    if isinstance(source, Study):
        patches = study_patches(source)
        patches.repeats[:] = source.repeats
        return renamed(patches, scheme)
    kept = user_cache_path("napari-ggs") / "patches" / f"{_fingerprint(source)}.npz"
    if kept.is_file():
        patches = PatchSet.load(kept)
    else:
        patches = PatchSet.joined(list(_collect(source, scheme, progress)))
        if not isinstance(source, Folder):
            patches.save(kept)
    return renamed(_chosen(patches, source), scheme)


def renamed(patches: PatchSet, scheme: Scheme) -> PatchSet:
    """Rename the classes to a scheme's; patches that have no place in it are left out."""
    new = {name: translated(name, scheme) for name in np.unique(patches.labels).tolist()}
    kept = patches.where(np.array([new[label] is not None for label in patches.labels], bool))
    return replace(kept, labels=np.array([new[label] for label in kept.labels], np.str_))


def _chosen(patches: PatchSet, source: Kept) -> PatchSet:
    unknown = sorted(set(source.leave_out) - set(patches.patients.tolist()))
    if unknown:
        raise RecipeError(
            f"The recipe leaves out {', '.join(unknown)}, but the {source.kind} data are of "
            f"{', '.join(np.unique(patches.patients))}. Correct leave_out."
        )
    kept = patches.where(~np.isin(patches.patients, source.leave_out))
    kept.repeats[:] = source.repeats
    return kept


def _fingerprint(source: Kept) -> str:
    """Changes with whatever changes the patches: the source's settings and the code."""
    fixed = source.model_dump_json(exclude={"repeats", "validation", "leave_out"})
    code = sorted(Path(phantom.__file__).parent.glob("*.py"))
    code += [*sorted(Path(__file__).parent.glob("*_patches.py")), LABELS]
    code += [Path(__file__).with_name(f"{name}.py") for name in CODE]
    return digest(fixed, *(file.read_text(encoding="utf-8") for file in code), *_data(source))


def _data(source: Kept) -> Iterator[str]:
    """The size and time of each of a source's files."""
    if not isinstance(source, Phantoms):
        for file in sorted([source.folder, *source.folder.rglob("*")]):
            yield f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}"


def _collect(
    source: Kept, scheme: Scheme, progress: Callable[[int, int], None]
) -> Iterator[PatchSet]:
    match source:
        case Phantoms():
            yield from phantoms_patches(source, progress)
        case Aidpath():
            yield from aidpath_patches(source, progress)
        case Folder():
            yield folder_patches(source.folder, scheme)
