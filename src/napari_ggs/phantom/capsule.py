"""Bowman's capsule: its course, thickness, breaks, fibrous collar and vascular pole."""

from typing import NamedTuple

import numpy as np

from napari_ggs.phantom.latents import Latents
from napari_ggs.phantom.stamp import Contour, Frame
from napari_ggs.phantom.texture import Field, smoothstep


class Capsule(NamedTuple):
    """Fields of the capsule on the canonical grid.

    Attributes
    ----------
    depth : (n, n) float32
        um inside the outer border.
    room : (n, n) float32
        um inside Bowman's capsule, on its inner side.
    wall : (n, n) float32
        um off the middle of the capsule's basement membrane, in units of its thickness.
    present : (n, n) float32
        0 where the capsule is broken.
    pole : (n, n) float32
        um inside the vascular pole, where the arterioles enter; far outside if it is not cut.
    """

    depth: Field
    room: Field
    wall: Field
    present: Field
    pole: Field


def draw_capsule(
    frame: Frame, contour: Contour, latents: Latents, rng: np.random.Generator
) -> Capsule:
    """Draw the capsule along the contour."""
    depth = contour.depth(frame)
    radius = latents.diameter_um / 2
    uneven = np.exp(0.45 * frame.noise(rng, 0.5 * radius) - 0.1)
    collar = np.minimum(0.27 * latents.periglomerular * radius * uneven, 0.55 * radius)
    oblique = 1 + 4 * latents.tangential
    thickness = float(rng.uniform(1.1, 2.6)) * oblique * np.exp(0.45 * frame.noise(rng, 16.0, 2))
    wavy = rng.gamma(1.5, 0.45) * frame.noise(rng, 11.0, 2)
    wall = depth - collar - 0.5 * thickness - 0.7 + wavy
    present = _present(frame, latents, rng) * (1 - 0.8 * latents.tangential)
    pole = _pole(frame, contour, latents, rng)
    present = present * (1 - smoothstep(pole, 3.0, 7.0))
    return Capsule(depth, wall - 0.5 * thickness, wall * (2.0 / thickness), present, pole)


def _pole(frame: Frame, contour: Contour, latents: Latents, rng: np.random.Generator) -> Field:
    """Return um inside the vascular pole: a quarter of the sections meet it."""
    size = float(rng.uniform(9, 15)) if rng.random() < 0.25 * (1 - latents.tangential) else -99.0
    pole_x, pole_y = contour.toward(latents.pole_angle)
    x, y = frame.warped(rng, 9.0, 1.5)
    return size - np.hypot(x - pole_x, y - pole_y)


def _present(frame: Frame, latents: Latents, rng: np.random.Generator) -> Field:
    """Return where the capsule is left: breaks are few down to one half, then all but all."""
    broken = 0.5 * (1 - latents.capsule) + max(0.0, 1.5 * (0.5 - latents.capsule))
    breaks = frame.noise(rng, 22.0)
    at = float(np.quantile(breaks, min(broken, 1.0)))
    return smoothstep(breaks, at - 0.15, at + 0.15) if broken > 0.01 else np.ones_like(breaks)
