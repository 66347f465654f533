"""The training loop of a detector."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import torch

from napari_ggs.detection import Detector
from napari_ggs.devices import device_of
from napari_ggs.training.circles_data import Field
from napari_ggs.training.detection_learning import Batch, keep_depthwise_in_float32, learn, rate
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.detection_scores import ap50, find
from napari_ggs.training.detection_state import Best, RunningMean, TrainingState, copied, origin
from napari_ggs.training.detection_windows import Windows
from napari_ggs.training.logs import TrainingLog, log_path
from napari_ggs.training.state import state_path
from napari_ggs.training.steps import Progress, TrainingStep, optimiser_of

MAKERS = max(1, min(8, (cpu_count() or 1) // 2))
"""Threads that prepare batches while the network learns."""

READ_AHEAD = 3 + MAKERS
"""Batches that are prepared ahead of the network."""


def fit(
    detector: Detector,
    recipe: DetectorRecipe,
    windows: Windows,
    selection: Sequence[Field],
    out: Path,
    *,
    progress: Progress,
    stopped: Callable[[], bool],
) -> Best:
    """Train a detector's network; return the best running mean of its weights.

    The best is chosen by AP50 on `selection` (the last where nothing is there to choose by).
    Each step is a row of the log, and the state is saved every so often, both beside `out`
    (`log_path`, `state_path`). A training of the same recipe and data goes on from its state
    and, on the same machine, with as many threads and the same versions, ends with the same
    weights to the bit. The state stays: who saves the model removes it.

    Raises
    ------
    DivergedError
        If the loss is no longer a number.
    TrainingError
        If the state beside `out` is of another training.
    UserError
        If the log or the state cannot be written.
    """
    device = device_of(recipe.device)
    network = detector.network.to(device).to(memory_format=torch.channels_last)
    if recipe.schedule.precision == "bfloat16":
        keep_depthwise_in_float32(network)
    mean = RunningMean(network, recipe.schedule.average)
    state = TrainingState(
        network,
        optimiser_of(network, recipe.optimiser),
        mean,
        Best(copied(mean.state)),
        origin(recipe, windows.sources, windows.odds.tolist(), selection),
    )
    state.resume(state_path(out))
    loop = _Loop(detector, recipe, windows, state, out)
    with torch.random.fork_rng(devices=[]):
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
        out: Path,
    ) -> None:
        self.detector, self.recipe, self.windows, self.state = detector, recipe, windows, state
        self.log, self.state_path = TrainingLog(log_path(out)), state_path(out)

    def steps(
        self, selection: Sequence[Field], stopped: Callable[[], bool]
    ) -> Iterator[TrainingStep]:
        state, schedule = self.state, self.recipe.schedule
        for batch in self._batches():
            loss = learn(self.detector, self.recipe, state, batch)
            state.loss = loss if math.isnan(state.loss) else 0.95 * state.loss + 0.05 * loss
            state.mean.update(state.network, state.step)
            state.step += 1
            whole, halted = state.step == schedule.steps, stopped()
            validated = whole or state.step % schedule.validate_every == 0
            if validated:
                self._validate(selection)
            self._keep(loss, validated, halted)
            if halted and not validated:  # for the model only: a training that goes on forgets it
                self._validate(selection)
            yield TrainingStep("training", state.step, schedule.steps, state.loss, state.ap50)
            if whole or halted:
                return

    def _keep(self, loss: float, validated: bool, halted: bool) -> None:
        """Write a step to the log, then, every so often, the state."""
        state, schedule = self.state, self.recipe.schedule
        lr = self.recipe.optimiser.lr * rate(schedule, state.step - 1)
        merit = state.ap50 if validated else math.nan
        self.log.row(state.step, loss=loss, lr=lr, merit=merit)
        if validated or halted or state.step % schedule.save_every == 0:
            state.save(self.state_path)

    def _validate(self, selection: Sequence[Field]) -> None:
        """Measure the running mean; keep it if it is the best."""
        state = self.state
        if selection:
            current = copied(state.network.state_dict())
            state.network.load_state_dict(state.mean.state)
            state.network.eval()
            state.ap50 = ap50([find(self.detector, field) for field in selection])
            state.network.load_state_dict(current)
        if not state.ap50 < state.best.ap50:
            state.best = Best(copied(state.mean.state), state.ap50, state.step)

    def _batches(self) -> Iterator[Batch]:
        """Batches of the steps that are left, in order, made in the background, a few ahead."""
        waiting: deque[Future[Batch]] = deque()
        pool = ThreadPoolExecutor(MAKERS, thread_name_prefix="windows")
        try:
            for step in range(self.state.step, self.recipe.schedule.steps):
                waiting.append(pool.submit(self.windows.batch, step, self.recipe.batch))
                if len(waiting) > READ_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
