"""Mini-batches, made by all cores: beside a network on a GPU, between the steps of one on a CPU.

A network on the CPU takes every core already. Threads beside it make it wait for the slowest of
its own at each layer, which costs more than what they do (``benchmarks/training_speed.py``).
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_ggs.devices import device_of
from napari_ggs.training.augment import Images
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.jitter import varied
from napari_ggs.training.moving import moved_crops
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.sampling import balanced_batches, plain_batches

WORKERS = min(os.cpu_count() or 1, 8)
READ_AHEAD = 3 * WORKERS
"""Batches that the threads are ahead of a network on a GPU."""


class Batch(NamedTuple):
    """Images (n, px, px, 3) and class indices (n,)."""

    images: Images
    targets: NDArray[np.intp]


def epoch_length(patches: PatchSet, recipe: ClassifierRecipe) -> int:
    """Batches in one epoch: the recipe's number, or as many as it takes to see all patches."""
    return recipe.schedule.batches_per_epoch or -(-int(patches.repeats.sum()) // recipe.batch)


def batches(
    patches: PatchSet, targets: NDArray[np.intp], recipe: ClassifierRecipe, first: int = 0
) -> Generator[Batch, None, None]:
    """All batches of a training in order; each follows from the seed and its number alone.

    Parameters
    ----------
    patches : PatchSet
    targets : ndarray of int, shape (n,)
        Class indices.
    recipe : ClassifierRecipe
    first : int
        Number of the batch to begin with.
    """
    draw = balanced_batches if recipe.sampling == "balanced" else plain_batches
    drawn = draw(targets, recipe.batch, np.random.default_rng(recipe.seed), patches.repeats)
    length = epoch_length(patches, recipe)
    sizes = (stage.px for stage in recipe.schedule.stages for _ in range(stage.epochs * length))

    def make(number: int, px: int, chosen: NDArray[np.intp]) -> Batch:
        rng = np.random.default_rng([recipe.seed, number])
        crops = moved_crops(patches.where(chosen), px, rng, recipe.augmentation)
        return Batch(varied(crops, rng, recipe.augmentation), targets[chosen])

    numbered = islice(enumerate(zip(sizes, drawn, strict=False)), first, None)
    makers = (partial(make, number, *what) for number, what in numbered)
    return _by_turns(makers) if device_of(recipe.device).type == "cpu" else _read_ahead(makers)


def _by_turns(makers: Iterator[Callable[[], Batch]]) -> Generator[Batch, None, None]:
    """Call the makers in order, one in each thread at a time, whenever all batches are used up."""
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="batches") as pool:
        while turn := list(islice(makers, WORKERS)):
            yield from list(pool.map(lambda make: make(), turn))


def _read_ahead(makers: Iterator[Callable[[], Batch]]) -> Generator[Batch, None, None]:
    """Call the makers in order, a few ahead, in background threads."""
    waiting: deque[Future[Batch]] = deque()
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="batches")
    try:
        for maker in makers:
            waiting.append(pool.submit(maker))
            if len(waiting) > READ_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
