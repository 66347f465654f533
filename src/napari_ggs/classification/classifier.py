"""The classifier: patches in, calibrated probabilities out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional

from napari_ggs.devices import inference
from napari_ggs.lesions import Scheme
from napari_ggs.rgb import Triple
from napari_ggs.tensors import as_input

Patches = NDArray[np.uint8]
Probabilities = NDArray[np.float64]
Features = NDArray[np.float32]


class Embedded(NamedTuple):
    """Embeddings (n, d) of patches, each of length 1, and their probabilities (n, k).

    The cosine of two embeddings, which is their product, says how much alike the classifier
    finds two patches.
    """

    features: Features
    probabilities: Probabilities


class AnyClassifier(Protocol):
    """What names circles: a `Classifier`, or several as one (`Ensemble`, `Hierarchy`)."""

    @property
    def scheme(self) -> Scheme:
        """Its classes, in the order of the probabilities."""

    @property
    def margin_um(self) -> float:
        """How far a crop reaches beyond the circle on each side, in microns."""

    @property
    def input_px(self) -> int:
        """Side of the patches that it wants."""

    def classify(self, images: Patches) -> Probabilities:
        """Patches (n, input_px, input_px, 3) to probabilities (n, k); rows sum to 1."""

    def embed(self, images: Patches) -> Embedded:
        """Patches (n, input_px, input_px, 3) to embeddings and probabilities."""


@dataclass(frozen=True)
class Classifier:
    """A network and how to feed it.

    Attributes
    ----------
    network : nn.Module
        (n, 3, input_px, input_px) to logits (n, k), in evaluation mode.
    scheme : Scheme
        Its classes, in the order of the outputs.
    margin_um : float
        How far a crop reaches beyond the circle on each side, in microns.
    input_px : int
        Side of the square input.
    mean, std : tuple of float
        RGB, of pixels in 0..1.
    temperature : float
        Divides the logits before the softmax (Guo et al. 2017), so that a probability is the
        share of such answers that are right.
    engine : callable, optional
        Makes of images, uint8 of shape (n, h, w, 3), what the network makes of them normalised, but
        faster (`napari_ggs.models.engines`).
    """

    network: nn.Module
    scheme: Scheme
    margin_um: float
    input_px: int
    mean: Triple
    std: Triple
    temperature: float = 1.0
    engine: Callable[[Patches], Tensor] | None = None

    def classify(self, images: Patches) -> Probabilities:
        """Classify patches of shape (n, input_px, input_px, 3).

        Returns
        -------
        ndarray of float64, shape (n, k)
            Rows sum to 1, in the order of ``scheme.classes``; the same for a patch whatever
            the batch that it is in (within 1e-4).
        """
        check_patches(images, self.input_px)
        if len(images) == 0:
            return np.empty((0, len(self.scheme.classes)))
        with inference():
            return self._shares(self._logits(images))

    def embed(self, images: Patches) -> Embedded:
        """Classify patches as `classify` does, and say what the last layer made of them.

        The embeddings are the network's pooled features, of which its last layer makes the
        answers (timm's ``pre_logits``), brought to length 1.
        """
        check_patches(images, self.input_px)
        network: Any = self.network
        if len(images) == 0:
            return Embedded(
                np.empty((0, network.head_hidden_size), np.float32), self.classify(images)
            )
        with inference():
            maps = network.forward_features(self._input(images))
            pooled = network.forward_head(maps, pre_logits=True).float().cpu()
            answers = self._shares(network.forward_head(maps))
            features: Features = functional.normalize(pooled, dim=1).numpy()
        return Embedded(features, answers)

    def _logits(self, images: Patches) -> Tensor:
        if self.engine is not None:
            return self.engine(images)
        logits: Tensor = self.network(self._input(images))
        return logits

    def _input(self, images: Patches) -> Tensor:
        device = next(self.network.parameters()).device
        return as_input(images, self.mean, self.std, device)

    def _shares(self, logits: Tensor) -> Probabilities:
        # Not PyTorch's: to wake its threads for eight rows takes longer than a crop.
        shares: Probabilities = softmax(logits.cpu().double().numpy() / self.temperature, axis=1)
        return shares


def check_patches(images: Patches, side: int) -> None:
    """Refuse patches that are not (n, side, side, 3)."""
    expected = (side, side, 3)
    if images.shape[1:] != expected:
        raise ValueError(f"Patches have the shape (n, *{expected}). Found {images.shape}.")
