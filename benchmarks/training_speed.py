"""Whether loading keeps the network busy, and what CircleMix costs: both in one run.

    python benchmarks/training_speed.py [--backbone NAME] [--px N] [--batch N] [--steps N]

The network learns in turn from batches that are in memory already and from batches that are moved
and varied on the way, as the embedded classifier's. Medians over turns, since other work on the
machine may come between.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from scipy.ndimage import zoom

from napari_ggs.classification import build_network
from napari_ggs.training.batches import READ_AHEAD, WORKERS, Batch, batches
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.learning import Learner
from napari_ggs.training.mixing import mix
from napari_ggs.training.patches import PATCH_PX, PatchSet

CLASSES = 5
WARM_UP = READ_AHEAD + WORKERS
"""Steps at the beginning of a turn that use up what was loaded while nobody asked for it."""


def recipe(backbone: str, px: int, batch: int) -> ClassifierRecipe:
    """The embedded classifier's recipe, with CircleMix."""
    return ClassifierRecipe.model_validate(
        {
            "task": "classification",
            "name": "speed",
            "batch": batch,
            "data": [{"kind": "folder", "folder": ".", "name": "made up", "licence": "none"}],
            "network": {"backbone": backbone, "input_px": px, "pretrained": False},
            "schedule": {"stages": [{"px": px, "epochs": 10**6}], "batches_per_epoch": 1},
            "mixing": {"kind": "circlemix"},
        }
    )


def patches(number: int = 100) -> PatchSet:
    """Smooth pictures: JPEG takes longer over noise than over tissue."""
    rng = np.random.default_rng(0)
    coarse = rng.uniform(60, 240, (number, 24, 24, 3))
    pictures = [zoom(c, (PATCH_PX / 24, PATCH_PX / 24, 1), order=1) for c in coarse]
    return PatchSet.of(
        [picture.astype(np.uint8) for picture in pictures], ["normal"] * number, "nobody"
    )


def seconds(learner: Learner, drawn: Iterator[Batch], steps: int) -> float:
    """Of a step, waiting for its batch included: the mean over a turn."""
    for step in range(WARM_UP):
        learner.learn(next(drawn), step)
    start = time.perf_counter()
    for step in range(steps):
        learner.learn(next(drawn), step)
    return (time.perf_counter() - start) / steps


def seconds_of_mixing(learner: Learner, px: int, repeats: int = 50) -> float:
    """Of mixing one batch that is on the device."""
    n = learner.recipe.batch
    images = torch.rand(n, 3, px, px, device=learner.device)
    images = images.to(memory_format=torch.channels_last)
    shares, rng, spent = torch.eye(CLASSES)[torch.arange(n) % CLASSES], np.random.default_rng(0), []
    for _ in range(repeats):
        start = time.perf_counter()
        mixed = mix(images, shares.to(learner.device), rng, learner.recipe.mixing)
        float(mixed.images[0, 0, 0, 0])
        spent.append(time.perf_counter() - start)
    return float(np.median(spent))


def main() -> None:
    """Print the speeds and both ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--px", type=int, default=128)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--steps", type=int, default=12, help="in each turn")
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_args()
    plan, pool = recipe(given.backbone, given.px, given.batch), patches()
    targets = np.arange(len(pool)) % CLASSES
    network = build_network(given.backbone, CLASSES)
    learner = Learner(network, plan, targets, CLASSES, 10**6, torch.device("cpu"))
    loaded = batches(pool, targets, plan)
    ready = list(islice(batches(pool, targets, plan), 4))
    in_memory = (ready[i % len(ready)] for i in range(10**9))
    spent: dict[str, list[float]] = {"memory": [], "loaded": []}
    for _ in range(given.turns):
        spent["memory"].append(seconds(learner, in_memory, given.steps))
        spent["loaded"].append(seconds(learner, loaded, given.steps))
    loaded.close()
    memory, way = (float(np.median(values)) for values in spent.values())
    mixing = seconds_of_mixing(learner, given.px)
    print(
        f"{given.backbone}, {given.px} px, batch {given.batch}, {torch.get_num_threads()} threads"
    )
    print(f"from memory      {given.batch / memory:7.1f} images/s")
    print(f"loaded on the way{given.batch / way:7.1f} images/s: {memory / way:.1%} of the above")
    print(f"CircleMix        {mixing * 1000:7.2f} ms a batch: {mixing / memory:.2%} of a step")


if __name__ == "__main__":
    main()
