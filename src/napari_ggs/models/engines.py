"""What computes a network on a processor: PyTorch as it is, or OpenVINO where that is faster.

OpenVINO is optional (the extra ``openvino``). To try it takes about two seconds, so a network that
sees little stays with PyTorch. Nothing is written to disk, and nothing is told to Intel.
"""

import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from itertools import chain
from threading import Lock
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_ggs.classification import AnyClassifier, Classifier, Ensemble, Hierarchy
from napari_ggs.detection import AnyDetector, Detector, FusedDetector
from napari_ggs.devices import inference
from napari_ggs.phantom import PhantomSlide
from napari_ggs.rgb import Triple
from napari_ggs.tensors import normalised

logger = logging.getLogger(__name__)

TOLERANCE = 1e-3
"""Outputs (logits, radii and offsets in cells) agree if |a - b| <= `TOLERANCE` (1 + |b|)
everywhere. Single precision keeps to a hundredth of it; half precisions do not."""

WORTH_PX = 4e6
"""Pixels after which OpenVINO is tried: 16 tiles of 512 px, or 109 patches of 192 px. PyTorch needs
about as much longer for them than OpenVINO as the trial takes, whatever the network."""

REPEATS = 3
TRIAL_PX = 256
"""Largest side of the images of a trial: networks are convolutional, and answer alike at all."""
TRACED_PX = 64
"""Side of the image that a network is traced with. Small, since only its layers matter."""

Images = NDArray[np.uint8]
Compute = Callable[[Images], Any]


class Choice(NamedTuple):
    """What computes a network, and why."""

    name: str
    reason: str


PYTORCH = "PyTorch"
UNTRIED = Choice(PYTORCH, "too little to compute for a trial of OpenVINO to be worth it")


class Engine:
    """Computes a network on a processor the fastest way that agrees with PyTorch.

    Called with images, uint8 of shape (n, h, w, 3), it returns what the network returns. It
    computes with PyTorch until `WORTH_PX` pixels have passed, then chooses.

    Parameters
    ----------
    network : nn.Module
        In evaluation mode, on the CPU.
    mean, std : tuple of float
        That the network wants: RGB, of pixels in 0..1.
    side : int
        Pixels of the images that it wants.
    """

    def __init__(self, network: nn.Module, mean: Triple, std: Triple, side: int) -> None:
        self.choice = UNTRIED
        self._fed = Fed(network, mean, std).eval()
        self._compute: Compute = self._by_pytorch
        self._side, self._pixels = min(side, TRIAL_PX), 0

    def __call__(self, images: Images) -> Any:
        """Compute the network."""
        if self.choice is UNTRIED and self._pixels >= WORTH_PX:
            self.choose()
        self._pixels += images[..., 0].size
        return self._compute(images)

    def choose(self) -> Choice:
        """Try OpenVINO, unless that has been done; take it if it agrees and is faster."""
        if self.choice is UNTRIED:
            self.choice = self._tried()
            _tell(self.choice)
        return self.choice

    def _by_pytorch(self, images: Images) -> Any:
        with inference():
            return self._fed(torch.from_numpy(np.ascontiguousarray(images)))

    def _tried(self) -> Choice:
        if not find_spec("openvino"):
            return Choice(PYTORCH, "OpenVINO is not installed")
        images = tissue(self._side)
        expected = self._by_pytorch(images)
        try:
            other = OpenVino(self._fed, expected)
            found = other(images)
        except Exception as fault:  # a library of another version may raise anything
            return Choice(PYTORCH, f"OpenVINO cannot compute this network ({fault})")
        return self._judged(other, difference(found, expected), images)

    def _judged(self, other: "OpenVino", apart: float, images: Images) -> Choice:
        if not apart <= TOLERANCE:
            return Choice(PYTORCH, f"OpenVINO's outputs differ by {apart:.2g} (> {TOLERANCE:g})")
        faster = _seconds(self._by_pytorch, images) / _seconds(other, images)
        if faster <= 1:
            return Choice(PYTORCH, f"OpenVINO is no faster ({faster:.1f} times)")
        self._compute = other
        return Choice(other.name, f"{faster:.1f} times as fast; outputs within {apart:.1g}")


class Fed(nn.Module):
    """A network that takes images as they are, uint8 of shape (n, h, w, 3)."""

    def __init__(self, network: nn.Module, mean: Triple, std: Triple) -> None:
        super().__init__()
        self._network, self._normalisation = network, (mean, std)

    def forward(self, images: Tensor) -> Any:
        """Normalise images and compute."""
        return self._network(normalised(images, *self._normalisation))


class OpenVino:
    """A network in OpenVINO, in single precision, on as many threads as PyTorch has.

    It normalises the images too: a few calls of PyTorch for that would wait for each other while
    other threads read the slide.

    Parameters
    ----------
    network : Fed
    answer : Tensor or named tuple of tensors
        Something that the network returned: answers take its form.
    """

    def __init__(self, network: Fed, answer: Any) -> None:
        openvino = _openvino()
        self.name = f"OpenVINO {openvino.__version__.partition('-')[0]}"
        self._form = getattr(type(answer), "_make", next)
        self._busy = Lock()
        model = openvino.convert_model(_traced(network))
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "ENABLE_CPU_PINNING": False,
        }
        self._request = openvino.compile_model(model, "CPU", settings).create_infer_request()

    def __call__(self, images: Images) -> Any:
        """Compute the network; one thread at a time."""
        with self._busy:
            found = self._request.infer([np.ascontiguousarray(images)], share_inputs=True)
        return self._form(torch.from_numpy(output) for output in found.values())


def singles(model: AnyDetector | AnyClassifier) -> Iterator[Detector | Classifier]:
    """The single models that a model consists of: itself, or its members' ones."""
    if isinstance(model, Detector | Classifier):
        yield model
    elif isinstance(model, Hierarchy):
        yield from chain.from_iterable(map(singles, (model.parent, *model.children)))
    elif isinstance(model, FusedDetector | Ensemble):
        yield from chain.from_iterable(map(singles, model.members))


def choices(model: AnyDetector | AnyClassifier) -> list[Choice]:
    """What every network of a model chooses, now at the latest; nothing on a GPU."""
    engines = (single.engine for single in singles(model))
    return [engine.choose() for engine in engines if isinstance(engine, Engine)]


def computed_by(model: AnyDetector | AnyClassifier) -> str:
    """Names of what computes the networks of a model by now, as "OpenVINO 2026.4.1"."""
    engines = (single.engine for single in singles(model))
    names = {each.choice.name if isinstance(each, Engine) else PYTORCH for each in engines}
    return " and ".join(sorted(names))


def tissue(side: int) -> Images:
    """Two images (2, side, side, 3) of tissue, the same each time; `side` up to `TRIAL_PX`."""
    image = _patch()[:side, :side]
    return np.stack([image, image[::-1, ::-1]])


@cache
def _patch() -> Images:
    phantom = PhantomSlide(TRIAL_PX, TRIAL_PX, mpp=1.0, seed=1, outline="field")
    return phantom.render(0, 0, TRIAL_PX, TRIAL_PX)


def difference(found: Any, expected: Any) -> float:
    """The largest |a - b| / (1 + |b|) of two answers of a network; NaN if one has NaN."""
    pairs = zip(_tensors(found), _tensors(expected), strict=True)
    return float(torch.stack([((a - b).abs() / (1 + b.abs())).max() for a, b in pairs]).max())


def _tensors(answer: Any) -> tuple[Tensor, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


def _seconds(compute: Compute, images: Images) -> float:
    """The shortest time of some."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        compute(images)
        times.append(time.perf_counter() - start)
    return min(times)


def _traced(network: Fed) -> Any:
    images = torch.zeros(1, TRACED_PX, TRACED_PX, 3, dtype=torch.uint8)
    with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing is on its way out; OpenVINO still wants it
        return torch.jit.trace(network, images, check_trace=False)


def _openvino() -> ModuleType:
    """OpenVINO without the library by which it tells Intel, on import already, that it is used."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


@cache
def _tell(choice: Choice) -> None:
    logger.info("%s computes: %s", *choice)
