"""Several classifiers as one: the mean of what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from napari_ggs.classification.classifier import (
    AnyClassifier,
    Embedded,
    Patches,
    Probabilities,
    check_patches,
)
from napari_ggs.lesions import Scheme
from napari_ggs.slides.resample import area_axis, weighted


class Opinion(NamedTuple):
    """Mean probabilities (n, k) and the standard error of each mean (n, k)."""

    probabilities: Probabilities
    standard_error: Probabilities


@dataclass(frozen=True)
class Ensemble:
    """Classifiers of one scheme, such as those of the folds of a cross-validation.

    A probability is the mean of the members' calibrated ones (GGS paper, external validation;
    REFERENCE.md section 3).

    Parameters
    ----------
    members : tuple of classifiers
        Two or more. They need the same margin, because a crop is cut once; those with a smaller
        input see it shrunk.

    Raises
    ------
    ValueError
        If their schemes or margins differ.
    """

    members: tuple[AnyClassifier, ...]

    def __post_init__(self) -> None:
        if len(self.members) < 2:
            raise ValueError("an ensemble takes two classifiers or more")
        if len({member.scheme for member in self.members}) > 1:
            raise ValueError("its classifiers have different classes")
        check_margins(self.members)

    @property
    def scheme(self) -> Scheme:
        """The classes of all."""
        return self.members[0].scheme

    @property
    def margin_um(self) -> float:
        """The margin of all."""
        return self.members[0].margin_um

    @property
    def input_px(self) -> int:
        """The largest input of a member."""
        return max(member.input_px for member in self.members)

    def classify(self, images: Patches) -> Probabilities:
        """Classify patches, as `Classifier.classify` does."""
        return self.opinion(images).probabilities

    def opinion(self, images: Patches) -> Opinion:
        """Classify patches (n, input_px, input_px, 3) and say how far the members disagree."""
        check_patches(images, self.input_px)
        said = np.stack([m.classify(shrunk(images, m.input_px)) for m in self.members])
        spread = said.std(axis=0, ddof=1) / np.sqrt(len(said))
        return Opinion(said.mean(axis=0), spread)

    def embed(self, images: Patches) -> Embedded:
        """Embed patches: what the members make of them side by side, all of the same weight.

        So the cosine of two embeddings is the mean of the members' cosines.
        """
        check_patches(images, self.input_px)
        seen = [m.embed(shrunk(images, m.input_px)) for m in self.members]
        features = np.concatenate([each.features for each in seen], axis=1)
        features /= np.sqrt(len(seen), dtype=np.float32)
        return Embedded(features, np.mean([each.probabilities for each in seen], axis=0))


def check_margins(members: Sequence[AnyClassifier]) -> None:
    """Refuse classifiers that look at crops of different margins."""
    margins = sorted({member.margin_um for member in members})
    if len(margins) > 1:
        raise ValueError(
            f"its classifiers differ in margin_um ({', '.join(map(str, margins))}): only "
            "classifiers that look at the same crop can be combined"
        )


def shrunk(images: Patches, side: int) -> Patches:
    """Square patches brought down to `side` px by the area average, as reads of a slide are."""
    whole = images.shape[1]
    if whole == side:
        return images
    weights = area_axis(0.0, whole / side, side, 1.0, whole, whole).weights
    small = np.empty((len(images), side, side, 3), dtype=np.uint8)
    for i, image in enumerate(images):
        small[i] = weighted(image, weights, weights)
    return small
