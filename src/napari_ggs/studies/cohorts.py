"""The patients of a study: a person's own patches, or phantoms in the papers' proportions."""

from dataclasses import replace
from pathlib import Path

from napari_ggs.lesions import NON_GLOMERULUS, Scheme
from napari_ggs.phantom import PhantomSlide
from napari_ggs.phantom.style import draw_style
from napari_ggs.studies.scales import Scale
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.phantom_patches import slide_patches
from napari_ggs.training.sources import Folder, Phantoms, Source

CIRCLEMIX = {
    "normal": 2757.0,
    "periglomerular fibrosis": 2206.0,
    "obsolescent": 1525.0,
    "solidified": 135.0,
    "disappearing": 238.0,
}
"""Glomeruli of the CircleMix paper's cohort (section 4.1)."""

GGS = {
    "normal": 2950.0,
    "periglomerular fibrosis": 671.0,
    "obsolescent": 6647.0,
    "solidified": 735.0,
    "disappearing": 459.0,
}
"""Glomeruli of the GGS paper's cohort; periglomerular fibrosis is part of its 3,621 normal ones."""

SEEDS = {"ggs": 20_000, "circlemix": 30_000, "elsewhere": 40_000}


def source_of(scheme: Scheme, scale: Scale, data: Path | None) -> Source:
    """Where the patches of a study come from.

    Parameters
    ----------
    scheme : Scheme
        Phantoms have the lesions of the paper that it is from.
    scale : Scale
    data : Path or None
        A folder ``patient/class/*.png`` of the user's own; phantoms if None.
    """
    if data is not None:
        return Folder(kind="folder", folder=data, name=f"patches in {data.name}", licence="own")
    mix, seed = (GGS, "ggs") if scheme.can_filter else (CIRCLEMIX, "circlemix")
    return Phantoms(
        kind="phantom",
        slides=scale.patients,
        seed=SEEDS[seed],
        side_um=scale.side_um,
        mpp=scale.mpp,
        mix=dict.fromkeys(mix, 1.0) if scale.even else mix,
        varied=not scale.even,
        others=2,
    )


def elsewhere(scale: Scale) -> PatchSet:
    """Normal and sclerotic glomeruli of patients of another laboratory and scanner.

    A stain outside the range of the cohort's, a softer lens, a tinted white, strong compression;
    as the GGS paper's external set, without non-glomeruli.
    """
    number = max(4, scale.patients // 3)
    parts = [_patient(SEEDS["elsewhere"] + i, scale) for i in range(number)]
    everything = PatchSet.joined(parts)
    return everything.where(everything.labels != NON_GLOMERULUS)


def _patient(seed: int, scale: Scale) -> PatchSet:
    style = replace(
        draw_style(seed),
        haematoxylin=(0.55, 0.76, 0.35),
        pas=(0.42, 0.86, 0.29),
        haematoxylin_max=1.25,
        pas_max=1.75,
        white=(228.0, 226.0, 219.0),
        blur_um=0.8,
        quality=45,
    )
    side = scale.side_um
    slide = PhantomSlide(side, side, mpp=scale.mpp, seed=seed, outline="field", style=style)
    return slide_patches(slide, 0, f"elsewhere-{seed}")
