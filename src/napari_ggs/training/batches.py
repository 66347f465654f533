"""Mini-batches, prepared in the background while the network learns."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_ggs.training.augment import Images
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.jitter import varied
from napari_ggs.training.moving import moved_crops
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.sampling import balanced_batches, plain_batches

READ_AHEAD = 3
"""Batches that each thread is ahead of the network."""

WORKERS = min(max(1, (os.cpu_count() or 1) - 1), 8)


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
    return _read_ahead(partial(make, number, *what) for number, what in numbered)


def _read_ahead(makers: Iterator[Callable[[], Batch]]) -> Generator[Batch, None, None]:
    """Call the makers in order, a few ahead, in background threads."""
    waiting: deque[Future[Batch]] = deque()
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="batches")
    try:
        for maker in makers:
            waiting.append(pool.submit(maker))
            if len(waiting) > READ_AHEAD * WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
