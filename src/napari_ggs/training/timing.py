"""How long a training will take: from the speed of earlier steps on this machine, or a few timed.

Imports no torch until steps are to be timed.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_cache_path

from napari_ggs.errors import UserError
from napari_ggs.files import make_folder, replacing
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.detection_recipe import DetectorRecipe

JUDGING = 0.3
"""Time to judge an image over the time to learn from it: there is no way back through it."""

AnyRecipe = ClassifierRecipe | DetectorRecipe


class Speed(NamedTuple):
    """What a speed is of."""

    task: str
    backbone: str
    px: int
    device: str

    @property
    def key(self) -> str:
        """Its name among those that are kept."""
        threads = os.environ.get("OMP_NUM_THREADS", os.cpu_count())
        return f"{self.task} {self.backbone} {self.px} px {self.device} {threads} threads"


def estimate_seconds(recipe: AnyRecipe, n_patches: int, *, measure: bool = True) -> float | None:
    """How long a training will take, without drawing phantoms; rough.

    Parameters
    ----------
    recipe : ClassifierRecipe or DetectorRecipe
    n_patches : int
        All patches of a classifier. A detector's steps do not depend on it; how long it takes to
        validate does on its slides, and is left out.
    measure : bool
        Whether to time a few steps where the speed is unknown: it takes seconds, and torch. What
        is timed is kept for the next time, in the user's cache.

    Returns
    -------
    float or None
        None where the speed is unknown and not to be measured.
    """
    work = list(_work(recipe, n_patches))
    if not measure and any(_known(speed) is None for speed, _ in work):
        return None
    return sum((_known(speed) or _measured(recipe, speed)) * images for speed, images in work)


def _work(recipe: AnyRecipe, n_patches: int) -> Iterator[tuple[Speed, float]]:
    """How many images are learnt from, at what speed."""
    backbone, device = recipe.network.backbone, recipe.device
    if isinstance(recipe, DetectorRecipe):
        learnt = recipe.schedule.steps * recipe.batch
        yield Speed("detection", backbone, recipe.window_px, device), float(learnt)
        return
    for plan in (recipe, *map(recipe.of_child, recipe.children)):
        schedule = plan.schedule
        length = schedule.batches_per_epoch or -(-n_patches // plan.batch)
        judged = JUDGING * n_patches * max(source.validation for source in plan.data)
        for stage in schedule.stages:
            images = stage.epochs * (length * plan.batch + judged)
            yield Speed("classification", backbone, stage.px, device), images


def _file() -> Path:
    return user_cache_path("napari-ggs") / "speeds.json"


def _all_known() -> dict[str, float]:
    with suppress(OSError, ValueError):
        return dict(json.loads(_file().read_bytes()))
    return {}


def _known(speed: Speed) -> float | None:
    """Seconds an image, if they were measured before."""
    return _all_known().get(speed.key)


def _measured(recipe: AnyRecipe, speed: Speed) -> float:
    """Seconds an image, measured now and kept."""
    from napari_ggs.training.timed_steps import seconds_an_image

    seconds = seconds_an_image(recipe, speed.px)
    with suppress(UserError), replacing(make_folder(_file().parent) / _file().name) as scratch:
        scratch.write_text(json.dumps(_all_known() | {speed.key: seconds}))
    return seconds
