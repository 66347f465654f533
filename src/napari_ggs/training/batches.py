"""Mini-batches, prepared in the background while the network learns."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_ggs.training.augment import Images, appearance
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.moving import moved_crops
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.sampling import balanced_batches, plain_batches

READ_AHEAD = 3


class Batch(NamedTuple):
    """Images (n, px, px, 3) and class indices (n,)."""

    images: Images
    targets: NDArray[np.intp]


def batches(
    patches: PatchSet, targets: NDArray[np.intp], recipe: ClassifierRecipe
) -> Iterator[Batch]:
    """All batches of a training in order; each follows from the seed and its number alone."""
    draw = balanced_batches if recipe.sampling == "balanced" else plain_batches
    drawn = draw(targets, recipe.batch, np.random.default_rng(recipe.seed), patches.repeats)
    length = recipe.schedule.batches_per_epoch
    sizes = (stage.px for stage in recipe.schedule.stages for _ in range(stage.epochs * length))

    def make(number: int, px: int, chosen: NDArray[np.intp]) -> Batch:
        rng = np.random.default_rng([recipe.seed, number])
        crops = moved_crops(patches.where(chosen), px, rng, recipe.augmentation)
        return Batch(appearance(crops, rng, recipe.augmentation), targets[chosen])

    makers = (
        partial(make, number, px, chosen)
        for number, (px, chosen) in enumerate(zip(sizes, drawn, strict=False))
    )
    return _read_ahead(makers)


def _read_ahead(makers: Iterator[Callable[[], Batch]]) -> Iterator[Batch]:
    """Call the makers in order, a few ahead, in a background thread."""
    waiting: deque[Future[Batch]] = deque()
    pool = ThreadPoolExecutor(1, thread_name_prefix="batches")
    try:
        for maker in makers:
            waiting.append(pool.submit(maker))
            if len(waiting) > READ_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
