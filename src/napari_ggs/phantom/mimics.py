"""What a detector takes for a glomerulus and a pathologist does not: hard negatives."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from napari_ggs.phantom.stamp import (
    Drawing,
    Frame,
    Membrane,
    Stamp,
    develop,
    draw_contour,
    gather,
    place_nuclei,
)
from napari_ggs.phantom.texture import (
    FIELD_UM,
    Field,
    cells,
    jittered_seeds,
    line,
    noise_at,
    smoothstep,
)


def mimic_diameter(kind: str, rng: np.random.Generator) -> float:
    """Draw the diameter (um) of a hard negative: what `render_mimic` draws first.

    Raises
    ------
    ValueError
        If `kind` is unknown; the message lists the kinds.
    """
    if kind not in _DRAW:
        raise ValueError(f"{kind!r} is no hard negative; known: {', '.join(_DRAW)}.")
    low, high, *_ = _DRAW[kind]
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def render_mimic(kind: str, mpp: float, rng: np.random.Generator) -> Stamp:
    """Draw one hard negative, 60 to 250 um across.

    Parameters
    ----------
    kind : str
        One of `MIMICS`.
    mpp : float
        um/px of the stamp.
    rng : numpy.random.Generator
        The same state gives the same structure at every `mpp`.

    Raises
    ------
    ValueError
        If `kind` is unknown; the message lists the kinds.
    """
    diameter = mimic_diameter(kind, rng)
    *_, eccentricity, draw = _DRAW[kind]
    eccentricity *= rng.uniform(0.3, 1.0)
    contour = draw_contour(rng, diameter, eccentricity)
    frame = Frame.of(contour.reach_um + 22)
    depth = contour.depth(frame)
    return develop(draw(frame, depth, diameter, rng), mpp, rng)


def _edge_alpha(frame: Frame, depth: Field, rng: np.random.Generator, soft_um: float) -> Field:
    ragged = depth + 0.4 * soft_um * frame.noise(rng, 12.0, 2)
    return smoothstep(ragged, -soft_um, 0.6 * soft_um)


def _stroma(frame: Frame, depth: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return fibrous tissue to draw on, its fibres along the levels of `depth`."""
    fibres = frame.fibres(depth, rng, 1.5, 22.0)
    pas = np.maximum(0.2 + 0.06 * fibres + 0.04 * frame.noise(rng, 9.0, 2), 0.03)
    return pas, np.maximum(0.07 + 0.03 * fibres, 0.02)


def _grain(frame: Frame, rng: np.random.Generator) -> Field:
    return 1 + 0.10 * frame.noise(rng, 0.8) + 0.08 * frame.noise(rng, 6.0, 2)


def _lumen_level(
    frame: Frame, depth: Field, share: float, rng: np.random.Generator, crimp_um: float
) -> Field:
    """Return um inside a lumen of `share` of the diameter, its border crimped."""
    radius = float(depth.max())
    crimped = depth - radius * (1 - share) + crimp_um * frame.noise(rng, 5.0)
    return crimped + 0.08 * radius * frame.noise(rng, 0.5 * radius)


def _vessel(
    frame: Frame,
    depth: Field,
    rng: np.random.Generator,
    wall: Field,
    lumen: Field,
    lamina: float,
    muscle_per_um2: float,
) -> Drawing:
    pas, h = _stroma(frame, depth, rng)
    adventitia = float(rng.uniform(2, 8))
    media = smoothstep(depth, adventitia - 1.5, adventitia + 1.5)
    opening = smoothstep(lumen, -0.8, 0.8)
    pas = (pas * (1 - media) + wall * media) * (1 - opening)
    h = (h * (1 - media) + 0.1 * media) * (1 - opening)
    grain = _grain(frame, rng)
    strength = np.maximum(lamina * (1 + 0.3 * frame.noise(rng, 12.0)), 0)
    nuclei = [
        place_nuclei(rng, "muscle", media * (1 - opening), muscle_per_um2, depth, 6.0),
        place_nuclei(rng, "endothelial", line(lumen + 1.5, 1.6), 1 / 45, depth),
        place_nuclei(rng, "fibroblast", (1 - media) * (depth > -4), 1 / 260, depth),
    ]
    return Drawing(
        h * grain,
        pas * grain,
        _edge_alpha(frame, depth, rng, 5.0),
        depth,
        (Membrane(lumen + 3.0, 1.8, strength),),
        gather(nuclei),
    )


def _artery(frame: Frame, depth: Field, diameter: float, rng: np.random.Generator) -> Drawing:
    muscle = frame.fibres(depth, rng, 2.2, 18.0)
    intima = float(rng.uniform(0, 0.25)) * diameter / 2
    lumen = _lumen_level(frame, depth, rng.uniform(0.15, 0.6), rng, 1.2)
    wall = 0.3 + 0.07 * muscle + 0.04 * frame.noise(rng, 5.0, 2)
    wall = wall - 0.12 * smoothstep(lumen, -intima - 2, -intima + 2) * (intima > 3)
    return _vessel(frame, depth, rng, np.maximum(wall, 0.05), lumen, 0.4, 1 / 190)


def _arteriole(frame: Frame, depth: Field, diameter: float, rng: np.random.Generator) -> Drawing:
    del diameter
    lumen = _lumen_level(frame, depth, rng.uniform(0.1, 0.45), rng, 0.6)
    hyaline = smoothstep(frame.noise(rng, 18.0), -1.2, 0.2)
    wall = 0.28 + 0.3 * hyaline + 0.03 * frame.noise(rng, 8.0, 2)
    return _vessel(frame, depth, rng, wall, lumen, 0.25, 1 / 420)


class _Cluster(NamedTuple):
    """What a cluster of tubules is like, lengths in um."""

    spacing: tuple[float, float]
    gap: tuple[float, float]
    epithelium: tuple[float, float]
    membrane: float
    rounding: float
    content: float


_ATROPHIC = _Cluster((24, 40), (0.5, 5.0), (4.5, 9.0), 3.0, 1.5, 0.25)
_THYROIDISED = _Cluster((34, 60), (1.0, 4.0), (1.8, 4.0), 1.3, 3.0, 0.8)
_TANGENTIAL = _Cluster((34, 52), (0.3, 3.0), (9.0, 30.0), 1.5, 1.5, 0.1)


def _tubules(
    cluster: _Cluster, frame: Frame, depth: Field, diameter: float, rng: np.random.Generator
) -> Drawing:
    """Draw the tubules whose middle lies inside the contour, whole."""
    del diameter
    seeds = jittered_seeds(rng, frame.half_um, rng.uniform(*cluster.spacing), 0.25)
    tubule = cells(seeds, *frame.warped(rng, 12.0, 1.8))
    kept = frame.sample(depth, seeds) > 0
    kept[np.argmin(np.hypot(*seeds.T))] = True
    apart = rng.uniform(*cluster.gap, len(seeds)).astype(np.float32)[tubule.own]
    level = np.where(kept[tubule.own], tubule.edge - apart - 0.5 * cluster.membrane, -tubule.edge)
    level = ndimage.gaussian_filter(level, cluster.rounding / FIELD_UM)
    height = rng.uniform(*cluster.epithelium, len(seeds)).astype(np.float32)[tubule.own]
    lumen = ndimage.gaussian_filter(level - height, 1.0 / FIELD_UM) + 0.6 * frame.noise(rng, 4.0)
    held = rng.beta(0.5, 0.7, len(seeds)).astype(np.float32)[tubule.own] * cluster.content
    shrunk = rng.uniform(0.0, 3.0, len(seeds)).astype(np.float32)[tubule.own]
    held = held * smoothstep(lumen - shrunk, -0.5, 1.5) * (1 + 0.06 * frame.noise(rng, 8.0, 2))
    union = ndimage.gaussian_filter(np.where(kept[tubule.own], 4.0, -4.0).astype(np.float32), 4.0)
    return _tubular(frame, union, level, lumen, held, cluster.membrane, rng)


def _tubular(
    frame: Frame,
    depth: Field,
    level: Field,
    lumen: Field,
    held: Field,
    membrane_um: float,
    rng: np.random.Generator,
) -> Drawing:
    """Paint tubules: um inside their membranes, um inside their lumens, what those hold."""
    pas, h = _stroma(frame, level, rng)
    cell, hollow = smoothstep(level, -0.6, 0.6), smoothstep(lumen, -0.8, 0.8)
    body = cell * (1 - hollow)
    cytoplasm = 0.15 + 0.04 * frame.noise(rng, 1.6) + 0.04 * frame.noise(rng, 9.0, 2)
    pas = pas * (1 - cell) + body * cytoplasm + cell * hollow * held
    h = h * (1 - cell) + body * (0.16 + 0.03 * frame.noise(rng, 3.0))
    grain = _grain(frame, rng)
    between = (1 - cell) * (depth > 0)
    strength = np.maximum(0.5 + 0.12 * frame.noise(rng, 10.0, 2), 0) * smoothstep(depth, -3.0, -1.0)
    nuclei = [
        place_nuclei(rng, "tubular", body * line(level - 4, 5.0), 1 / 75, level, 6.5),
        place_nuclei(rng, "fibroblast", between, 1 / 260, level),
        place_nuclei(rng, "lymphocyte", between, rng.uniform(0, 1 / 200), level),
    ]
    alpha = _edge_alpha(frame, depth, rng, 4.0)
    membrane = Membrane(level, membrane_um, strength)
    return Drawing(h * grain, pas * grain, alpha, depth, (membrane,), gather(nuclei))


def _single_tubule(
    frame: Frame, depth: Field, rng: np.random.Generator, held: Field, epithelium_um: float
) -> Drawing:
    """Draw one wide tubule whose lumen holds the PAS-positive `held`."""
    pas, h = _stroma(frame, depth, rng)
    lumen = depth - epithelium_um - 1.0 + 0.7 * frame.noise(rng, 7.0)
    cell, hollow = smoothstep(depth - 1.0, -0.6, 0.6), smoothstep(lumen, -0.8, 0.8)
    cytoplasm = 0.14 + 0.04 * frame.noise(rng, 2.0)
    pas = pas * (1 - cell) + cell * (cytoplasm * (1 - hollow) + held * hollow)
    h = h * (1 - cell) + cell * (1 - hollow) * 0.14
    grain = _grain(frame, rng)
    membrane = np.maximum(0.5 + 0.12 * frame.noise(rng, 12.0), 0)
    kind = "tubular" if epithelium_um > 5 else "parietal"
    nuclei = place_nuclei(rng, kind, cell * (1 - hollow), 1 / 110, depth, 7.0)
    return Drawing(
        h * grain,
        pas * grain,
        _edge_alpha(frame, depth, rng, 4.0),
        depth,
        (Membrane(depth - 0.5, 1.8, membrane),),
        nuclei,
    )


def _cast(frame: Frame, depth: Field, diameter: float, rng: np.random.Generator) -> Drawing:
    height = float(rng.uniform(2.5, 7))
    shrink = float(rng.uniform(0.5, 8))
    body = smoothstep(depth - height - shrink + 1.5 * frame.noise(rng, 14.0), -0.8, 0.8)
    turn = rng.uniform(0, math.pi)
    across = frame.x * math.cos(turn) + frame.y * math.sin(turn)
    along = frame.y * math.cos(turn) - frame.x * math.sin(turn)
    cracked = float(rng.random() < 0.5)
    cracks = noise_at(rng, across / 9.0 + 128, along / (0.8 * diameter) + 128)
    cracks = cracked * line(cracks - 0.5, 0.35)
    level = float(rng.uniform(0.35, 0.85))
    held = level * body * (1 - cracks) * (1 + 0.08 * frame.noise(rng, 12.0, 2))
    return _single_tubule(frame, depth, rng, held, height)


def _cyst(frame: Frame, depth: Field, diameter: float, rng: np.random.Generator) -> Drawing:
    del diameter
    thick = float(rng.choice([0.0, 0.03, 0.09]))
    clouds = 1 + 0.3 * frame.noise(rng, 25.0, 2) + 0.2 * frame.noise(rng, 1.5)
    held = np.maximum(thick * clouds, np.float32(0))
    return _single_tubule(frame, depth, rng, held, rng.uniform(2.0, 5.0))


def _inflammation(frame: Frame, depth: Field, diameter: float, rng: np.random.Generator) -> Drawing:
    del diameter
    pas, h = _stroma(frame, depth + 30 * frame.noise(rng, 35.0, 2), rng)
    crowd = smoothstep(depth, -6.0, 10.0) * (
        0.4 + 0.6 * smoothstep(frame.noise(rng, 14.0), -1, 0.3)
    )
    nuclei = [
        place_nuclei(rng, "lymphocyte", crowd, 1 / rng.uniform(45, 90), depth, 4.4),
        place_nuclei(rng, "fibroblast", crowd, 1 / 500, depth),
    ]
    alpha = _edge_alpha(frame, depth, rng, 14.0)
    grain = _grain(frame, rng)
    return Drawing(h * grain, 0.7 * pas * grain, alpha, depth, (), gather(nuclei))


def _scar(frame: Frame, depth: Field, diameter: float, rng: np.random.Generator) -> Drawing:
    """Draw collagen in whorls: fibres along the levels of a few smooth hills."""
    hills = 0.3 * diameter * frame.noise(rng, 0.4 * diameter, 2) + frame.warped(rng, 25.0, 8.0)[0]
    fine = noise_at(rng, hills / 2.0 + 0.8 * frame.noise(rng, 10.0, 2) + 128, frame.y / 25 + 128)
    wide = noise_at(rng, hills / 7.0 + 128, frame.y / 60 + 128)
    level = rng.uniform(0.22, 0.5)
    pas = level * (1 + 0.2 * fine + 0.12 * wide) + 0.05 * frame.noise(rng, 12.0, 2)
    inside = smoothstep(depth, -3, 3)
    nuclei = [
        place_nuclei(rng, "fibroblast", inside, 1 / 420, hills, 6.0),
        place_nuclei(rng, "lymphocyte", inside, rng.uniform(0, 1 / 900), hills),
    ]
    alpha = _edge_alpha(frame, depth, rng, rng.uniform(5, 16))
    h = np.maximum(0.08 + 0.03 * fine, 0.01)
    grain = _grain(frame, rng)
    return Drawing(h * grain, np.maximum(pas, 0.03) * grain, alpha, depth, (), gather(nuclei))


def _fold(frame: Frame, depth: Field, diameter: float, rng: np.random.Generator) -> Drawing:
    """Draw tissue lying double along a bent band, with a tear beside it now and then."""
    del depth
    turn = rng.uniform(0, math.pi)
    x, y = frame.warped(rng, 0.4 * diameter, 0.06 * diameter)
    across = x * math.cos(turn) + y * math.sin(turn)
    along = y * math.cos(turn) - x * math.sin(turn)
    width = float(rng.uniform(0.10, 0.22)) * diameter
    end = 1 - smoothstep(np.abs(along), 0.35 * diameter, 0.5 * diameter)
    band = (1 - smoothstep(np.abs(across), width - 3.0, width + 1.5)) * end
    tear = float(rng.random() < 0.5) * end
    slit = tear * line(across - np.float32(1.6 * width), 0.8 * width)
    streaks = noise_at(rng, across / 3.0 + 128, along / 30.0 + 128)
    pas = np.maximum(0.55 + 0.12 * streaks + 0.08 * frame.noise(rng, 6.0, 2), 0.1) * (1 - slit)
    h = np.maximum(0.4 + 0.1 * streaks + 0.1 * frame.noise(rng, 5.0, 2), 0.05) * (1 - slit)
    nuclei = place_nuclei(rng, "lymphocyte", band * (1 - slit), 1 / 130, across)
    shape = np.maximum(band, slit)
    return Drawing(h, pas, shape, np.where(shape > 0.5, 1.0, -1.0).astype(np.float32), (), nuclei)


_Draw = Callable[[Frame, Field, float, np.random.Generator], Drawing]

_DRAW: dict[str, tuple[float, float, float, _Draw]] = {
    "artery": (80, 250, 0.9, _artery),
    "hyaline arteriole": (60, 110, 0.6, _arteriole),
    "atrophic tubules": (80, 220, 0.8, partial(_tubules, _ATROPHIC)),
    "thyroidised tubules": (90, 230, 0.8, partial(_tubules, _THYROIDISED)),
    "cast": (60, 170, 0.8, _cast),
    "inflammation": (80, 250, 0.8, _inflammation),
    "fold": (120, 250, 0.5, _fold),
    "scar": (70, 220, 0.8, _scar),
    "cyst": (80, 230, 0.8, _cyst),
    "tangential tubules": (80, 200, 0.8, partial(_tubules, _TANGENTIAL)),
}

MIMICS = tuple(_DRAW)
"""Kinds of hard negatives."""

MIMIC_DIAMETERS_UM = {kind: (low, high) for kind, (low, high, *_) in _DRAW.items()}
"""Smallest and largest equal-area diameter of each kind."""
