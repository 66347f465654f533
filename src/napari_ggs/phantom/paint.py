"""The stain of a glomerulus: what each of its parts takes up, soft and as membranes."""

from typing import NamedTuple

import numpy as np

from napari_ggs.phantom.capsule import Capsule
from napari_ggs.phantom.latents import Latents
from napari_ggs.phantom.nuclei import Nuclei
from napari_ggs.phantom.stamp import Frame, gather, halo
from napari_ggs.phantom.texture import Field, line, rise, smoothstep
from napari_ggs.phantom.tuft import Tuft


class Paint(NamedTuple):
    """Soft stain and the strength of each kind of line, on the canonical grid."""

    haematoxylin: Field
    pas: Field
    membrane: Field
    capsule: Field


def draw_paint(
    frame: Frame,
    latents: Latents,
    capsule: Capsule,
    tuft: Tuft,
    nuclei: dict[str, Nuclei],
    rng: np.random.Generator,
) -> Paint:
    """Stain all parts of a glomerulus."""
    density = float(np.exp(np.clip(rng.normal(0, 0.25), -0.4, 0.5)))
    blend = (
        0.5
        + 1.5 * latents.fill * rng.random()
        + 16 * max(0.0, 0.55 - latents.capsule)
        + 2.5 * latents.tangential
    )
    inside = smoothstep(tuft.level, -blend, blend)
    pas, h = _around_tuft(frame, latents, capsule, tuft, rng)
    bodies = halo(frame, gather([nuclei["podocyte"], nuclei["parietal"]]), 3.2)
    bodies = bodies * smoothstep(capsule.room, -0.5, 0.5) * (0.7 + 0.3 * frame.noise(rng, 3.0))
    pas, h = np.maximum(pas, 0.10 * bodies), np.maximum(h, 0.16 * bodies)
    pole = smoothstep(capsule.pole, 0.0, 4.0) * (1 - smoothstep(capsule.pole, 9.5, 11.0))
    pas, h = pas * (1 - pole) + 0.2 * pole, h * (1 - pole) + 0.09 * pole
    tuft_pas, tuft_h = _tuft_paint(frame, latents, tuft, nuclei, rng)
    pas = pas * (1 - inside) + inside * density * tuft_pas
    h = h * (1 - inside) + inside * tuft_h
    grain = 1 + 0.06 * frame.noise(rng, 0.8) + 0.13 * frame.noise(rng, 2.4, 2)
    thin = rng.uniform(0.12, 0.45) * (1 + 0.4 * frame.noise(rng, 6.0, 2))
    strength = capsule.present * (0.6 + 0.18 * frame.noise(rng, 12.0, 2))
    return Paint(
        np.maximum(h * grain, 0),
        np.maximum(pas * grain, 0),
        np.maximum(inside * density * thin, 0) * (1 - 0.8 * tuft.sclerosis),
        np.maximum(strength, 0),
    )


def _around_tuft(
    frame: Frame, latents: Latents, capsule: Capsule, tuft: Tuft, rng: np.random.Generator
) -> tuple[Field, Field]:
    """Return PAS and haematoxylin of all but the tuft: interstitium, collar, Bowman's space."""
    fibres = frame.fibres(capsule.depth, rng, 1.3, 18.0)
    strength = 0.2 + 0.2 * rise(latents.periglomerular, 0.05, 0.6)
    coarse = frame.fibres(capsule.depth, rng, 4.5, 45.0)
    layers = 1 + 0.26 * fibres + 0.2 * coarse
    pas = np.maximum(strength * layers + 0.05 * frame.noise(rng, 10.0, 2), 0.03)
    h = np.maximum(0.07 + 0.03 * fibres, 0.02)
    flecks = 0.06 * smoothstep(frame.noise(rng, 2.5, 2), 1.2, 3.0)
    haze = 0.1 * latents.tangential
    collagen = _collagen(frame, latents, capsule, tuft, rng)
    layered = rng.uniform(0.11, 0.26) * (1 + rng.uniform(0.15, 0.4) * fibres)
    room = smoothstep(capsule.room, -0.6, 0.6) * (1 - _melting(latents))
    filled = collagen * np.maximum(layered, 0.02) + (1 - collagen) * (0.012 + flecks + haze)
    pas = pas * (1 - room) + room * filled
    return pas, h * (1 - room) + room * collagen * np.maximum(0.05 + 0.02 * fibres, 0.01)


def _melting(latents: Latents) -> float:
    """Return how far a lost capsule lets the interstitium into Bowman's space."""
    return float(np.clip(1.6 * (0.5 - latents.capsule), 0, 0.8))


def draw_alpha(frame: Frame, latents: Latents, capsule: Capsule, rng: np.random.Generator) -> Field:
    """Return how far the stamp covers what lies below: gradual where the capsule is gone."""
    soft = 0.3 * latents.diameter_um * max(0.0, 0.6 - latents.capsule)
    ragged = capsule.depth + 0.35 * soft * frame.noise(rng, 14.0, 2)
    border = 3.0 + 6.0 * latents.tangential
    alpha = smoothstep(ragged, -border - 0.45 * soft, -0.5 + 0.55 * soft)
    return np.maximum(alpha, smoothstep(capsule.pole, -2.0, 4.0))


def _collagen(
    frame: Frame, latents: Latents, capsule: Capsule, tuft: Tuft, rng: np.random.Generator
) -> Field:
    """Return where collagen fills Bowman's space: from the capsule inwards, `fill` of it."""
    outward = np.maximum(-tuft.level, 0)
    inward = np.maximum(capsule.room, 0)
    from_capsule = inward / (inward + outward + 1.0) + 0.1 * frame.noise(rng, 12.0, 2)
    reach = np.float32(1.25 * latents.fill - 0.12)
    return smoothstep(reach - from_capsule, -0.05, 0.08)


def _tuft_paint(
    frame: Frame,
    latents: Latents,
    tuft: Tuft,
    nuclei: dict[str, Nuclei],
    rng: np.random.Generator,
) -> tuple[Field, Field]:
    """Return the soft stain of the tuft: stalks, lumens, matrix and collapsed membranes."""
    medium, fine = frame.noise(rng, 8.0, 2), frame.noise(rng, 1.4, 1)
    lumen = smoothstep(tuft.lumen, -0.6, 0.8)
    cells = halo(frame, gather([nuclei["mesangial"], nuclei["endothelial"]]), 3.4)
    wisps = line(frame.noise(rng, 4.0), 0.35)
    wall = 0.10 + 0.14 * tuft.stalk + 0.15 * cells + 0.06 * medium + 0.04 * fine + 0.06 * wisps
    held = 0.05 + 0.03 * np.maximum(tuft.content, 0) + 0.02 * medium + 0.07 * wisps
    pas = wall * (1 - lumen) + lumen * (held + 0.05 * cells)
    h = (0.07 + 0.10 * cells + 0.035 * medium) * (1 - lumen) + 0.02 * lumen + 0.04 * wisps
    seams = line(tuft.seams, 1.3) * smoothstep(medium, -1.2, 0.8)
    folded = np.maximum(0.5 * line(tuft.folds, 0.7), seams)
    collapsed = rise(latents.collapse, 0.25, 0.85)
    collapsed = max(collapsed, 0.35 * latents.ischaemia)
    pas = pas + collapsed * (1 - lumen) * (0.16 + 0.34 * folded)
    matrix = _matrix(frame, tuft, seams, medium, rng)
    pas = pas * (1 - tuft.sclerosis) + tuft.sclerosis * matrix
    return np.maximum(pas, 0), np.maximum(h, 0)


def _matrix(
    frame: Frame, tuft: Tuft, seams: Field, medium: Field, rng: np.random.Generator
) -> Field:
    """Return PAS of sclerotic matrix: glassy to lamellar, cloudy, with clefts here and there."""
    lamellar = float(rng.beta(1.2, 2.5)) * 0.35
    clouds = frame.noise(rng, 22.0, 2)
    lamellae = lamellar * (line(tuft.folds, 0.9) - 0.45)
    cracked = 0.7 * float(rng.beta(1, 4))
    clefts = line(frame.noise(rng, 12.0, 2), 0.12) * smoothstep(clouds, 0.4, 1.4)
    left = float(rng.uniform(0, 0.2)) * (seams - 0.2)
    pas = (0.48 + 0.08 * clouds + 0.04 * medium + lamellae + left) * (1 - cracked * clefts)
    return np.maximum(pas, 0.05)
