"""Ready-made crops: which images a folder holds, and what their folders say."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_ggs.errors import UserError
from napari_ggs.exchange.classes import class_of, is_class
from napari_ggs.rgb import SUFFIXES


def image_files(folder: Path) -> list[Path]:
    """All images below a folder, in the order of their paths.

    Raises
    ------
    UserError
        If it is no folder or holds none.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder. Name the folder of the images.")
    files = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    ]
    if not files:
        raise UserError(f"There are no images ({', '.join(SUFFIXES)}) in {folder} or below it.")
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())


@dataclass(frozen=True)
class Sorting:
    """What the folders of images say of them.

    Attributes
    ----------
    labels : list of str
        The class that the folder of an image, or one above it, is named after; "" if none is.
    patients : list of str
        The topmost folder that is no class; the image's own path if there is none.
    """

    labels: list[str]
    patients: list[str]

    @property
    def has_patients(self) -> bool:
        """Whether a folder holds several images of a patient."""
        return len(set(self.patients)) < len(self.patients)


def sorting(files: Sequence[str]) -> Sorting:
    """Read classes and patients from paths below a folder, such as ``patient/class/image.png``."""
    folders = [Path(file).parts[:-1] for file in files]
    classes = [[part for part in parts if is_class(part)] for parts in folders]
    others = [[part for part in parts if not is_class(part)] for parts in folders]
    return Sorting(
        [class_of(names[-1], {}, Path()) or "" if names else "" for names in classes],
        [names[0] if names else file for names, file in zip(others, files, strict=True)],
    )
