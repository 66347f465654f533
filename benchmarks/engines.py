"""What computes the embedded networks fastest on a processor: PyTorch or OpenVINO.

    python benchmarks/engines.py [--batches N] [--out FILE]

Milliseconds for each tile and each crop of a phantom, in the batches of a run, from memory; what a
trial of OpenVINO costs; and how far its outputs are from PyTorch's (see `models/engines.py` for the
tolerance). Without OpenVINO (the extra ``openvino``) it says so and times PyTorch.
"""

import time
from dataclasses import replace
from typing import Any

import numpy as np

import figures
from figures import Figure
from napari_ggs import models
from napari_ggs.classification.stream import BATCH_SIZE as PATCHES
from napari_ggs.detection.scanning import BATCH_SIZE as TILES
from napari_ggs.glomeruli import LOWEST_SCORE
from napari_ggs.models.engines import PYTORCH, TOLERANCE, TRIAL_PX, choices, tissue


def milliseconds(compute: Any, images: np.ndarray, batches: int) -> float:
    """For each image: the shortest time of some batches, after a first one."""
    spent = []
    for _ in range(batches + 1):
        start = time.perf_counter()
        compute(images)
        spent.append(time.perf_counter() - start)
    return 1e3 * min(spent[1:]) / len(images)


def compared(name: str, model: Any, size: int, batches: int) -> list[Figure]:
    """PyTorch and what a model chooses."""
    images = np.tile(tissue(TRIAL_PX), (size // 2, 2, 2, 1))[:, : model.input_px, : model.input_px]
    start = time.perf_counter()
    [choice] = choices(model)
    trial = time.perf_counter() - start
    alone = replace(model, engine=None)
    times = [milliseconds(_compute(each), images, batches) for each in (alone, model)]
    print(f"{name}: {choice.name}, {choice.reason}")
    found = [Figure(f"{name}: {PYTORCH}", times[0], "ms")]
    if choice.name != PYTORCH:
        found += [
            Figure(f"{name}: {choice.name}", times[1], "ms"),
            Figure(f"{name}: {PYTORCH} / {choice.name}", times[0] / times[1], "times", 1),
            Figure(f"{name}: the trial", trial, "s"),
        ]
    return found


def _compute(model: Any) -> Any:
    if hasattr(model, "detect"):
        return lambda images: model.detect(images, LOWEST_SCORE)
    return model.classify


def main() -> None:
    """Measure, print and write."""
    parser = figures.parser(__doc__)
    parser.add_argument("--batches", type=int, default=10)
    given = parser.parse_args()
    detector = models.load_detector(models.DEFAULT_DETECTOR, "cpu").detector
    classifier = models.load_classifier(models.DEFAULT_CLASSIFIER, "cpu").classifier
    print(f"outputs agree if |a - b| <= {TOLERANCE:g} (1 + |b|)")
    found = compared("detector, a tile", detector, TILES, given.batches)
    found += compared("classifier, a crop", classifier, PATCHES, given.batches)
    figures.tell(found, given.out)


if __name__ == "__main__":
    main()
