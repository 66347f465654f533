"""Patches of phantom slides."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from napari_ggs.circles import as_circles
from napari_ggs.classification import MARGIN_UM
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.phantom import PhantomSlide
from napari_ggs.training.cutting import cut, free_circles, window_of
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.sources import Phantoms


def phantoms_patches(source: Phantoms, progress: Callable[[int, int], None]) -> Iterator[PatchSet]:
    """Patches of phantom slides, one set for each, drawn by all cores."""
    seeds = range(source.seed, source.seed + source.slides)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        jobs = [pool.submit(phantom_patches, source, seed) for seed in seeds]
        for done, job in enumerate(jobs, start=1):
            yield job.result()
            progress(done, source.slides)


def phantom_patches(source: Phantoms, seed: int) -> PatchSet:
    """Patches of one phantom slide: whole glomeruli, what mimics one, and other tissue."""
    side, mpp = source.side_um, source.mpp
    slide = PhantomSlide(side, side, mpp=mpp, seed=seed, outline="field", mix=source.mix)
    truth = as_circles(slide.truth[["x", "y", "radius"]].to_numpy())
    mimics = as_circles([[p.x / mpp, p.y / mpp, p.room / mpp] for p in slide.layout.mimics])
    size, taken = (slide.width, slide.height), np.concatenate([truth, mimics])
    reach = mimics[:, 2:] + MARGIN_UM / mpp
    mimics = mimics[((mimics[:, :2] >= reach) & (mimics[:, :2] <= size - reach)).all(axis=1)]
    free = free_circles(np.random.default_rng(seed), size, taken, mpp, source.others)
    whole = ~slide.truth["cut"].to_numpy(dtype=bool)
    others = np.concatenate([mimics, free])
    labels = slide.truth["label"][whole].tolist() + [NON_GLOMERULUS] * len(others)
    circles = np.concatenate([truth[whole], others])
    window = window_of(slide.render(0, 0, *size))
    return PatchSet.of([cut(window, c, mpp) for c in circles], labels, f"phantom-{seed}")
