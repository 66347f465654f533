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

CONTEXT = 1.5
PATCH_PX = 288
"""Side of a stored patch; the crop itself is PATCH_PX / CONTEXT = 192 px."""


@dataclass(frozen=True)
class PatchSet:
    """Patches with their classes and patients.

    Attributes
    ----------
    images : ndarray of uint8, shape (n, p, p, 3)
    labels : ndarray of str, shape (n,)
        Class names.
    patients : ndarray of str, shape (n,)
        What must not be on two sides of a split: a patient, or the slide where none is known.
    context : ndarray of float32, shape (n,)
        Side of the patch over side of the crop.
    repeats : ndarray of int, shape (n,)
        How often it comes in one pass.
    """

    images: Images
    labels: NDArray[np.str_]
    patients: NDArray[np.str_]
    context: NDArray[np.float32]
    repeats: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of(
        cls, images: Sequence[Images], labels: Sequence[str], patient: str, context: float = CONTEXT
    ) -> Self:
        """Patches of one patient."""
        n = len(labels)
        pixels = np.stack(images) if n else np.empty((0, PATCH_PX, PATCH_PX, 3), np.uint8)
        return cls(
            pixels,
            np.array(labels, dtype=np.str_),
            np.array([patient] * n, dtype=np.str_),
            np.full(n, context, np.float32),
            np.ones(n, np.int64),
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All patches of several sets, in order."""
        names = ("images", "labels", "patients", "context", "repeats")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def where(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """The patches at these indices or under this mask."""
        return type(self)(
            self.images[chosen],
            self.labels[chosen],
            self.patients[chosen],
            self.context[chosen],
            self.repeats[chosen],
        )

    def save(self, path: Path) -> None:
        """Write to an .npz file, whole or not at all."""
        make_folder(path.parent)
        with replacing(path) as temporary:
            np.savez(temporary, **vars(self))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an .npz file that `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**stored)


def digest(*texts: str) -> str:
    """A short name for what made a set of patches."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
