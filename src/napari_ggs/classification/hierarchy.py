"""A classifier whose answers are looked at again by others that know fewer classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from napari_ggs.classification.classifier import (
    AnyClassifier,
    Embedded,
    Patches,
    Probabilities,
    check_patches,
)
from napari_ggs.classification.ensemble import check_margins, shrunk
from napari_ggs.lesions import Scheme


@dataclass(frozen=True)
class Hierarchy:
    """A parent, and children that know a part of its classes each.

    "If the parent's answer is among a child's classes, the child decides" (CircleMix paper,
    section 3.2; REFERENCE.md section 4). Children may be nested: C5, then C3 for the sclerotic
    classes, then C2 for two of those. A child is asked only about patches on which it decides.

    Parameters
    ----------
    parent : classifier
        The probabilities are over its scheme.
    children : tuple of classifiers
        In any order. The classes of two of them are apart, or one's are among the other's.

    Raises
    ------
    ValueError
        If the children do not fit the parent or each other.
    """

    parent: AnyClassifier
    children: tuple[AnyClassifier, ...]

    def __post_init__(self) -> None:
        check_margins((self.parent, *self.children))
        known = set(self.parent.scheme.classes)
        parts = [set(child.scheme.classes) for child in self.children]
        if not parts or not all(part < known for part in parts):
            raise ValueError(
                "a hierarchy takes children whose classes are a part of their parent's "
                f"({', '.join(self.parent.scheme.classes)})"
            )
        if not all(a < b or b < a or a.isdisjoint(b) for a, b in combinations(parts, 2)):
            raise ValueError(
                "two children of a hierarchy overlap: their classes must be apart, or one's "
                "among the other's"
            )

    @property
    def scheme(self) -> Scheme:
        """The parent's classes."""
        return self.parent.scheme

    @property
    def margin_um(self) -> float:
        """The margin of all."""
        return self.parent.margin_um

    @property
    def input_px(self) -> int:
        """The largest input of a member; others see the patches shrunk."""
        return max(member.input_px for member in (self.parent, *self.children))

    def classify(self, images: Patches) -> Probabilities:
        """Classify patches, as `Classifier.classify` does."""
        check_patches(images, self.input_px)
        return self._refined(images, self.parent.classify(shrunk(images, self.parent.input_px)))

    def embed(self, images: Patches) -> Embedded:
        """Embed patches: as the parent does, since a child sees only some of them."""
        check_patches(images, self.input_px)
        seen = self.parent.embed(shrunk(images, self.parent.input_px))
        return Embedded(seen.features, self._refined(images, seen.probabilities))

    def _refined(self, images: Patches, merged: Probabilities) -> Probabilities:
        """The parent's probabilities, after the children had their say."""
        for child in sorted(self.children, key=lambda child: -len(child.scheme.classes)):
            columns = [self.scheme.classes.index(name) for name in child.scheme.classes]
            asked = np.isin(merged.argmax(axis=1), columns)
            answers = child.classify(shrunk(images[asked], child.input_px))
            merged[asked] = decided(merged[asked], columns, answers)
        return merged


def decided(
    probabilities: Probabilities, columns: Sequence[int], answers: Probabilities
) -> Probabilities:
    """Let a child decide where the parent's answer is among its classes.

    The child shares out the parent's probability of its classes; the other classes keep theirs,
    and so do all sums over the child's classes. Its answer may then be less probable than a class
    that it does not know, though it has the last word: there its answer is raised to just above
    that class, at the expense of the child's other classes. They have enough, since the parent's
    answer was among them.

    Parameters
    ----------
    probabilities : ndarray, shape (n, k)
        Of the parent; the best of each row is one of `columns`.
    columns : sequence of int
        The child's classes, as columns of `probabilities`.
    answers : ndarray, shape (n, len(columns))
        Of the child.

    Returns
    -------
    ndarray, shape (n, k)
        Rows sum to 1. The best class of a row is the best of the child's `answers`.
    """
    merged = probabilities.copy()
    mass = merged[:, columns].sum(axis=1, keepdims=True)
    merged[:, columns] = mass * answers
    best = np.asarray(columns)[answers.argmax(axis=1)][:, None]
    top = np.take_along_axis(merged, best, axis=1)
    np.put_along_axis(merged, best, 0.0, axis=1)
    raised = np.maximum(top, np.nextafter(merged.max(axis=1, keepdims=True), 2))
    left, had = np.maximum(mass - raised, 0), mass - top
    merged[:, columns] *= np.divide(left, had, out=np.ones_like(had), where=had > 0)
    np.put_along_axis(merged, best, raised, axis=1)
    return merged
