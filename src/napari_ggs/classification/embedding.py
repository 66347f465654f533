"""Embeddings: what a classifier makes of the circles of a slide, by which one finds those alike."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from napari_ggs.cancelling import Cancelled, never
from napari_ggs.circles import as_circles
from napari_ggs.classification.classifier import (
    AnyClassifier,
    Embedded,
    Features,
    Patches,
    Probabilities,
)
from napari_ggs.classification.stream import BATCH_SIZE, classify_stream
from napari_ggs.lesions import Scheme
from napari_ggs.slides import Slide


def embed_stream(
    slide: Slide,
    circles: ArrayLike,
    classifier: AnyClassifier,
    *,
    batch_size: int = BATCH_SIZE,
    cancelled: Cancelled = never,
) -> Iterator[Embedded]:
    """Embed circles (n, 3) of a slide (level-0 px) by the crops that `classify_stream` classifies.

    Parameters
    ----------
    slide, classifier, batch_size, cancelled
        See `classify_stream`.

    Yields
    ------
    Embedded
        Of up to `batch_size` circles each, in order. The probabilities of a circle whose crop
        shows pixels that could not be read are NaN; its features say nothing.
    """
    found, keeping = as_circles(circles), _Keeping(classifier)
    if not len(found):
        return
    steps = [(found, np.ones(len(found)))]
    for batch in classify_stream(slide, steps, keeping, batch_size=batch_size, cancelled=cancelled):
        yield Embedded(keeping.features, batch.probabilities)


def joined(parts: Sequence[Embedded]) -> Embedded:
    """Batches (one or more) as one."""
    features = np.concatenate([part.features for part in parts])
    return Embedded(features, np.concatenate([part.probabilities for part in parts]))


class _Keeping:
    """Classifies as another does, and keeps the features of the latest patches."""

    def __init__(self, classifier: AnyClassifier) -> None:
        self._classifier = classifier
        self.features: Features = np.empty((0, 0), np.float32)

    @property
    def scheme(self) -> Scheme:
        return self._classifier.scheme

    @property
    def margin_um(self) -> float:
        return self._classifier.margin_um

    @property
    def input_px(self) -> int:
        return self._classifier.input_px

    def classify(self, images: Patches) -> Probabilities:
        return self.embed(images).probabilities

    def embed(self, images: Patches) -> Embedded:
        seen = self._classifier.embed(images)
        self.features = seen.features
        return seen
