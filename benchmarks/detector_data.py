"""Whether a detector's training data keep up with its network.

    python benchmarks/detector_data.py SLIDE CIRCLES [--recipe detector_lite0] [--steps 20]

Windows are read from the slide, turned and varied as in training. Printed are the windows that
one background thread makes in a second (at first, and once the slide's pixels are kept), those
that the network learns from in a second when they are in memory already, what share of that speed
is left when the training loop does both, and the processor time of each, which other work on the
machine does not change.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from napari_ggs.cancelling import never
from napari_ggs.training.detection import build_detector
from napari_ggs.training.detection_data import LabelledSlide, Slides
from napari_ggs.training.detection_fitting import fit
from napari_ggs.training.detection_learning import keep_depthwise_in_float32, learn
from napari_ggs.training.detection_pixels import FINE
from napari_ggs.training.detection_places import Shares
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.detection_slides import slide_fields
from napari_ggs.training.detection_state import Best, RunningMean, TrainingState
from napari_ggs.training.detection_windows import Windows
from napari_ggs.training.recipe import load_recipe, recipe_path
from napari_ggs.training.steps import optimiser_of


def windows_of(slide: Path, circles: Path, plan: DetectorRecipe) -> Windows:
    """The stream of windows that the recipe lays on the slide."""
    labelled = (LabelledSlide(path=slide, circles=circles),)
    source = Slides(kind="slides", name="", licence="", slides=labelled)
    fields = slide_fields(source, plan.network.mpp / FINE)
    shares = Shares(plan.on_glomerulus, plan.on_hard_negative)
    return Windows([fields], [1.0], plan.window_px, plan.augmentation, shares, plan.seed)


Times = tuple[float, float]
"""Seconds of wall clock and of processor time, for each batch."""


def timed(step: Callable[[int], object], numbers: range) -> Times:
    """How long a step takes."""
    wall, processor = time.perf_counter(), time.process_time()
    for number in numbers:
        step(number)
    spent = time.perf_counter() - wall, time.process_time() - processor
    return spent[0] / len(numbers), spent[1] / len(numbers)


def reading(windows: Windows, plan: DetectorRecipe) -> tuple[Times, Times]:
    """One thread makes batches: the first ones, and once the slide's pixels are kept."""
    for fields in windows.sources:
        for field in fields:
            field.on_tissue(np.random.default_rng(0))
    first, _, later = (
        timed(lambda step: windows.batch(step, plan.batch), range(start, start + 5))
        for start in (0, 5, 40)
    )
    return first, later


def learning(windows: Windows, plan: DetectorRecipe, steps: int) -> Times:
    """The network learns from a batch that is in memory."""
    detector, batch = build_detector(plan.network), windows.batch(0, plan.batch)
    detector.network.to(memory_format=torch.channels_last)
    if plan.schedule.precision == "bfloat16":
        keep_depthwise_in_float32(detector.network)
    optimiser = optimiser_of(detector.network, plan.optimiser)
    mean = RunningMean(detector.network, plan.schedule.average)
    state = TrainingState(detector.network, optimiser, mean, Best(mean.state), {})

    def step(number: int) -> None:
        learn(detector, plan, state, batch)
        mean.update(detector.network, number)

    timed(step, range(2))
    return timed(step, range(steps))


def training(windows: Windows, plan: DetectorRecipe, steps: int) -> float:
    """Seconds for each step of the training loop, the first ones left out."""
    schedule = plan.schedule.model_copy(
        update={"steps": steps + 5, "validate_every": 10**6, "save_every": 10**6}
    )
    plan = plan.model_copy(update={"schedule": schedule})
    ends: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        fit(
            build_detector(plan.network), plan, windows, [], Path(folder) / "m.safetensors",
            progress=lambda _: ends.append(time.perf_counter()), stopped=never,
        )  # fmt: skip
    return (ends[-2] - ends[4]) / (len(ends) - 6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("slide", type=Path)
    parser.add_argument("circles", type=Path)
    parser.add_argument("--recipe", default="detector_lite0")
    parser.add_argument("--steps", type=int, default=20)
    args = parser.parse_args()
    plan = load_recipe(recipe_path(args.recipe), DetectorRecipe)
    windows = windows_of(args.slide, args.circles, plan)
    (first, later), learnt = reading(windows, plan), learning(windows, plan, args.steps)
    both = training(windows, plan, args.steps)
    rates = [plan.batch / wall for wall, _ in (first, later, learnt)]
    print(f"windows/s that one thread makes: {rates[0]:.1f} at first, then {rates[1]:.1f}")
    print(f"windows/s that the network learns from, in memory: {rates[2]:.1f}")
    print(f"windows/s in training: {plan.batch / both:.1f}, {learnt[0] / both:.0%} of that")
    data, network = (1000 * processor / plan.batch for _, processor in (later, learnt))
    print(f"ms of processor time for each window: data {data:.1f}, network {network:.1f}")


if __name__ == "__main__":
    main()
