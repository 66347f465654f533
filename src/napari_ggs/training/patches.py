"""Labelled patches: the crops that a classifier learns from, with room around them to move.

A patch shows more than the crop that the network will see (`context` times its side), so that
training can shift, turn and scale the crop within it: a detector's circles are not perfect.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_ggs.files import make_folder, replacing
from napari_ggs.training.augment import Images
from napari_ggs.training.mapped import mapped

CONTEXT = 1.5
PATCH_PX = 288
"""Side of a stored patch; the crop itself is PATCH_PX / CONTEXT = 192 px."""


@dataclass(frozen=True)
class PatchSet:
    """Patches with their classes and patients; parts of a set share its pixels.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (m, p, p, 3)
        Of this set and of others.
    rows : ndarray of int, shape (n,)
        Which pixels are this set's.
    labels : ndarray of str, shape (n,)
        Class names.
    patients : ndarray of str, shape (n,)
        What must not be on two sides of a split: a patient, or the slide where none is known.
    context : ndarray of float32, shape (n,)
        Side of the patch over side of the crop.
    repeats : ndarray of int, shape (n,)
        How often it comes in one pass.
    names : ndarray of str, shape (n,)
        The file below its folder, or patient and number.
    slides : ndarray of str, shape (n,)
        The key of the slide that it was cut from, where a study knows it; else "".
    """

    pixels: Images
    rows: NDArray[np.intp]
    labels: NDArray[np.str_]
    patients: NDArray[np.str_]
    context: NDArray[np.float32]
    repeats: NDArray[np.int64]
    names: NDArray[np.str_]
    slides: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def images(self) -> Images:
        """The patches themselves (n, p, p, 3), copied out."""
        return self.pixels[self.rows]

    @property
    def seen(self) -> list[str]:
        """Whom a model that learns from it has seen: the patients, and the slides of studies."""
        return sorted({*self.patients.tolist(), *self.slides.tolist()} - {""})

    @classmethod
    def of(
        cls, images: Sequence[Images], labels: Sequence[str], patient: str, context: float = CONTEXT
    ) -> Self:
        """Patches of one patient, numbered from 1."""
        n = len(labels)
        pixels = np.stack(images) if n else np.empty((0, PATCH_PX, PATCH_PX, 3), np.uint8)
        return cls(
            pixels,
            np.arange(n),
            np.array(labels, dtype=np.str_),
            np.array([patient] * n, dtype=np.str_),
            np.full(n, context, np.float32),
            np.ones(n, np.int64),
            np.array([f"{patient}/{i}" for i in range(1, n + 1)], dtype=np.str_),
            np.full(n, "", np.str_),
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All patches of several sets, in order; their pixels go to disk (`mapped`)."""
        if len(parts) == 1:
            return parts[0]
        each = (part.pixels[row] for part in parts for row in part.rows)
        pixels = mapped(each, parts[0].pixels.shape[1])
        rest = ([getattr(part, name) for part in parts] for name in _COLUMNS)
        return cls(pixels, np.arange(len(pixels)), *(np.concatenate(column) for column in rest))

    def where(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """The patches at these indices or under this mask."""
        columns = (getattr(self, name)[chosen] for name in ("rows", *_COLUMNS))
        return type(self)(self.pixels, *columns)

    def save(self, path: Path) -> None:
        """Write to an .npz file, whole or not at all."""
        make_folder(path.parent)
        columns = {name: getattr(self, name) for name in _COLUMNS}
        with replacing(path) as temporary:
            np.savez(temporary, pixels=self.images, rows=np.arange(len(self)), **columns)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an .npz file that `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**stored)


_COLUMNS = ("labels", "patients", "context", "repeats", "names", "slides")


def digest(*texts: str) -> str:
    """A short name for what made a set of patches."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
