"""A few steps of a training, on noise, to see how fast they are."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch

from napari_ggs.classification import build_network
from napari_ggs.detection.targets import collate, encode
from napari_ggs.devices import device_of
from napari_ggs.lesions import SCHEMES
from napari_ggs.training.batches import WORKERS, Batch, batches
from napari_ggs.training.circles_data import no_circles
from napari_ggs.training.classifier_recipe import ClassifierRecipe, Stage
from napari_ggs.training.detection import build_detector
from napari_ggs.training.detection_learning import loss_of
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.learning import Learner
from napari_ggs.training.patches import PATCH_PX, PatchSet

FEW = 4
"""Images of a step; large batches are as fast an image."""

STEPS = 2 * WORKERS
"""Steps that are timed: batches are made by all cores at once, for so many steps."""


def seconds_an_image(recipe: ClassifierRecipe | DetectorRecipe, px: int) -> float:
    """Seconds in which a training learns from one image of `px` a side."""
    steps = _detector_steps if isinstance(recipe, DetectorRecipe) else _classifier_steps
    with torch.random.fork_rng(devices=[]):
        learning = steps(recipe, px)  # type: ignore[arg-type]
        next(learning)()
        started = time.perf_counter()
        for _ in range(STEPS):
            next(learning)()
        return (time.perf_counter() - started) / (STEPS * FEW)


def _classifier_steps(recipe: ClassifierRecipe, px: int) -> Iterator[Callable[[], object]]:
    total = STEPS + 1
    schedule = recipe.schedule.model_copy(
        update={"stages": (Stage(px=px, epochs=1),), "batches_per_epoch": total}
    )
    plan = recipe.model_copy(update={"batch": FEW, "schedule": schedule})
    classes = SCHEMES[plan.scheme].classes
    noise = np.random.default_rng(0).integers(0, 256, (FEW, PATCH_PX, PATCH_PX, 3), np.uint8)
    targets = np.arange(FEW) % len(classes)
    patches = PatchSet.of(list(noise), [classes[i] for i in targets], "noise")
    network = build_network(plan.network.backbone, len(classes), plan.network.dropout)
    learner = Learner(network, plan, targets, len(classes), total, device_of(plan.device))
    drawn = batches(patches, targets, plan)
    for step in range(total):
        yield partial(_learn, learner, drawn, step)


def _learn(learner: Learner, drawn: Iterator[Batch], step: int) -> None:
    learner.learn(next(drawn), step)


def _detector_steps(recipe: DetectorRecipe, px: int) -> Iterator[Callable[[], object]]:
    wanted = recipe.network.model_copy(update={"start": None, "pretrained": False})
    detector = build_detector(wanted)
    detector.network.to(device_of(recipe.device)).to(memory_format=torch.channels_last)
    noise = np.random.default_rng(0).integers(0, 256, (FEW, px, px, 3), np.uint8)
    targets = collate([encode(no_circles(), no_circles(), px, px)] * FEW)
    half = recipe.schedule.precision == "bfloat16"
    for _ in range(STEPS + 1):
        yield lambda: loss_of(detector, (noise, targets), half).backward()
