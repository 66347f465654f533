"""The training loop of a detector."""

import hashlib
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from napari_ggs.detection import Detector
from napari_ggs.detection.detector import normalise
from napari_ggs.detection.losses import losses
from napari_ggs.detection.targets import Targets
from napari_ggs.training.augment import Images
from napari_ggs.training.circles_data import Field
from napari_ggs.training.detection_recipe import DetectorRecipe, Schedule
from napari_ggs.training.detection_scores import average_precision, find
from napari_ggs.training.detection_state import Best, RunningMean, TrainingState
from napari_ggs.training.detection_windows import Windows
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.steps import Progress, TrainingStep, optimiser_of

READ_AHEAD = 4
"""Batches that are prepared while the network learns from one."""

LARGEST_GRADIENT = 10.0
"""Norm to which gradients are cut, so that no single batch throws the network off."""

Batch = tuple[Images, Targets]


def fit(
    detector: Detector,
    recipe: DetectorRecipe,
    windows: Windows,
    selection: Sequence[Field],
    state_path: Path,
    *,
    progress: Progress,
    stopped: Callable[[], bool],
) -> Best:
    """Train a detector's network; return the best running mean of its weights.

    The best is chosen by AP50 on `selection` (the last where nothing is there to choose by).
    The state is on disk after every validation; a training of the same recipe goes on from it.

    Raises
    ------
    TrainingError
        If the loss is no longer a number.
    """
    network = detector.network.to(memory_format=torch.channels_last)
    if recipe.schedule.precision == "bfloat16":
        keep_depthwise_in_float32(network)
    optimiser = optimiser_of(network, recipe.optimiser)
    mean = RunningMean(network, recipe.schedule.average)
    digest = hashlib.sha256(recipe.model_dump_json().encode()).hexdigest()
    state = TrainingState(network, optimiser, mean, Best(mean.state), digest)
    state.resume(state_path)
    loop = _Loop(detector, recipe, windows, state, state_path)
    for step in loop.steps(selection, stopped):
        progress(step)
    return state.best


class _Loop:
    def __init__(
        self,
        detector: Detector,
        recipe: DetectorRecipe,
        windows: Windows,
        state: TrainingState,
        state_path: Path,
    ) -> None:
        self.detector, self.recipe, self.windows = detector, recipe, windows
        self.state, self.state_path = state, state_path

    def steps(
        self, selection: Sequence[Field], stopped: Callable[[], bool]
    ) -> Iterator[TrainingStep]:
        state, schedule = self.state, self.recipe.schedule
        running, ap50 = math.nan, state.best.ap50
        for batch in self._batches():
            loss = self._learn(batch)
            running = loss if math.isnan(running) else 0.95 * running + 0.05 * loss
            state.mean.update(state.network, state.step)
            state.step += 1
            last = state.step == schedule.steps or stopped()
            if last or state.step % schedule.validate_every == 0:
                ap50 = self._validate(selection)
                state.save(self.state_path)
            yield TrainingStep("training", state.step, schedule.steps, running, ap50)
            if last:
                return

    def _learn(self, batch: Batch) -> float:
        state, (images, targets) = self.state, batch
        for group in state.optimiser.param_groups:
            group["lr"] = self.recipe.optimiser.lr * rate(self.recipe.schedule, state.step)
        loss = self._loss(images, targets)
        if not bool(loss.isfinite()):
            raise TrainingError(
                "The loss is no longer a number: lower the recipe's learning rate "
                f"(now {self.recipe.optimiser.lr:g}). The state before is kept."
            )
        state.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(state.network.parameters(), LARGEST_GRADIENT)
        state.optimiser.step()
        return loss.item()

    def _loss(self, images: Images, targets: Targets) -> Tensor:
        network = self.state.network.train()
        device = next(network.parameters()).device
        pixels = normalise(images, self.detector.mean, self.detector.std, device)
        half = self.recipe.schedule.precision == "bfloat16"
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            maps = network(pixels)
        return losses(maps, Targets(*(part.to(device) for part in targets))).total

    def _validate(self, selection: Sequence[Field]) -> float:
        state = self.state
        if not selection:
            state.best = Best(_copied(state.mean.state), math.nan, state.step)
            return math.nan
        current = _copied(state.network.state_dict())
        state.network.load_state_dict(state.mean.state)
        state.network.eval()
        ap50 = average_precision(find(self.detector, field) for field in selection)
        state.network.load_state_dict(current)
        if not ap50 < state.best.ap50:
            state.best = Best(_copied(state.mean.state), ap50, state.step)
        return ap50

    def _batches(self) -> Iterator[Batch]:
        """Batches of the steps that are left, made in a background thread, a few ahead."""
        waiting: deque[Future[Batch]] = deque()
        pool = ThreadPoolExecutor(1, thread_name_prefix="windows")
        try:
            for step in range(self.state.step, self.recipe.schedule.steps):
                waiting.append(pool.submit(self.windows.batch, step, self.recipe.batch))
                if len(waiting) > READ_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def keep_depthwise_in_float32(network: nn.Module) -> None:
    """Let depthwise convolutions compute in float32 where the rest computes in bfloat16.

    Their backward pass in bfloat16 takes six times as long on a CPU, which undoes the gain.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            module.forward = partial(_in_float32, module.forward)  # type: ignore[method-assign]


def _in_float32(forward: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.autocast(x.device.type, enabled=False):
        return forward(x.float()).to(x.dtype)


def rate(schedule: Schedule, step: int) -> float:
    """The share of the learning rate at a step."""
    rising = min(1.0, (step + 1) / max(schedule.warm_up, 1))
    done = step / schedule.steps
    if schedule.drops:
        return rising * 0.1 ** sum(done >= drop for drop in schedule.drops)
    return rising * (1 + math.cos(math.pi * done)) / 2


def _copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.detach().clone() for key, value in state.items()}
