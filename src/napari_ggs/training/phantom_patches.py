"""Patches of phantom slides."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from napari_ggs.circles import as_circles
from napari_ggs.glomeruli import MARGIN_UM
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.phantom import PhantomSlide
from napari_ggs.training.cutting import cut, free_circles, window_of
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.processes import in_processes
from napari_ggs.training.sources import Phantoms

CLUSTERING = (1 - 0.34) / 0.34
"""Dirichlet concentration that gives an intraclass correlation of .34 between patients."""


def phantoms_patches(source: Phantoms, progress: Callable[[int, int], None]) -> Iterator[PatchSet]:
    """Patches of phantom slides, one set for each, drawn by all cores."""
    seeds = range(source.seed, source.seed + source.slides)
    yield from in_processes(phantom_patches, [(source, seed) for seed in seeds], progress)


def phantom_patches(source: Phantoms, seed: int) -> PatchSet:
    """Patches of one phantom slide: whole glomeruli, what mimics one, and other tissue."""
    side, mpp = source.side_um, source.mpp
    mix = _drawn_around(source.mix, seed) if source.varied and source.mix else source.mix
    slide = PhantomSlide(side, side, mpp=mpp, seed=seed, outline="field", mix=mix)
    return slide_patches(slide, source.others, f"phantom-{seed}")


def slide_patches(slide: PhantomSlide, number: int, patient: str) -> PatchSet:
    """Patches of a phantom slide; `number` of other tissue, beside all that mimics a glomerulus."""
    mpp = slide.mpp
    truth = as_circles(slide.truth[["x", "y", "radius"]].to_numpy())
    mimics = as_circles([[p.x / mpp, p.y / mpp, p.room / mpp] for p in slide.layout.mimics])
    size, taken = (slide.width, slide.height), np.concatenate([truth, mimics])
    reach = mimics[:, 2:] + MARGIN_UM / mpp
    mimics = mimics[((mimics[:, :2] >= reach) & (mimics[:, :2] <= size - reach)).all(axis=1)]
    free = free_circles(np.random.default_rng(slide.seed), size, taken, mpp, number)
    whole = ~slide.truth["cut"].to_numpy(dtype=bool)
    others = np.concatenate([mimics, free])
    labels = slide.truth["kind"][whole].tolist() + [NON_GLOMERULUS] * len(others)
    circles = np.concatenate([truth[whole], others])
    window = window_of(slide.render(0, 0, *size))
    return PatchSet.of([cut(window, c, mpp) for c in circles], labels, patient)


def _drawn_around(mix: Mapping[str, float], seed: int) -> dict[str, float]:
    """Shares of one slide: a Dirichlet draw around those of the cohort."""
    shares = np.array(list(mix.values())) / sum(mix.values())
    drawn = np.random.default_rng([seed, 4]).dirichlet(CLUSTERING * shares)
    return dict(zip(mix, drawn.tolist(), strict=True))
