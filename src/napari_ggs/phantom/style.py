"""How a laboratory and a scanner make a slide look: stain, light, focus, grain.

One style per slide, the same for everything on it, so that no class can be told by it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_ggs.phantom.fields import Field

Vector = tuple[float, float, float]

_LABORATORIES = (
    ((0.652, 0.675, 0.339), (0.197, 0.910, 0.363), (1.83, 1.44)),
    ((0.653, 0.629, 0.410), (0.337, 0.893, 0.317), (1.55, 1.38)),
)
"""Haematoxylin, PAS and 99th percentile concentrations of two laboratories (optical density,
natural logarithm, white 240): AIDPATH and another, measured on PAS kidney."""


@dataclass(frozen=True)
class Style:
    """The look of one slide.

    Attributes
    ----------
    haematoxylin, pas : 3 floats
        Unit vectors of optical density (natural logarithm) in R, G, B.
    haematoxylin_max, pas_max : float
        Optical density of the 99th percentile of each stain: what 1.0 stands for.
    white : 3 floats
        RGB of empty glass.
    blur_um : float
        Blur in the sharpest places (standard deviation).
    defocus : float
        How much of a blurrer image is mixed in where focus is worst, 0 to 1.
    thickness : float
        Relative standard deviation of the section's thickness across the slide.
    grain : float
        Standard deviation of the sensor's noise, optical density.
    dust : float
        Specks of dust per 0.18 mm2.
    quality : int
        JPEG quality of the written slide.
    """

    haematoxylin: Vector = _LABORATORIES[0][0]
    pas: Vector = _LABORATORIES[0][1]
    haematoxylin_max: float = 1.83
    pas_max: float = 1.44
    white: Vector = (244.0, 244.0, 244.0)
    blur_um: float = 0.25
    defocus: float = 0.3
    thickness: float = 0.06
    grain: float = 0.012
    dust: float = 0.06
    quality: int = 85

    def optical_density(self) -> NDArray[np.float32]:
        """Return optical density per unit of (haematoxylin, PAS), shape (2, 3)."""
        stains = np.array([self.haematoxylin, self.pas])
        unit = stains / np.linalg.norm(stains, axis=1, keepdims=True)
        scaled = unit * np.array([[self.haematoxylin_max], [self.pas_max]])
        return np.asarray(scaled, np.float32)

    def rgb(self, haematoxylin: Field, pas: Field, shade: Field) -> NDArray[np.uint8]:
        """Colour of stained tissue after Beer and Lambert, (h, w, 3).

        `shade` is optical density without colour: dirt, uneven light, grain.
        """
        out = np.empty((*pas.shape, 3), np.uint8)
        density, part = np.empty_like(pas), np.empty_like(pas)
        for channel, (h, p) in enumerate(self.optical_density().T):
            np.multiply(haematoxylin, -h, out=density)
            np.multiply(pas, p, out=part)
            density -= part
            density -= shade
            np.exp(density, out=density)
            density *= np.float32(self.white[channel])
            density += np.float32(0.5)
            out[..., channel] = np.clip(density, 0, 255, out=density)
        return out


def draw_style(seed: int) -> Style:
    """Draw the style of a slide: between two laboratories, jittered, with a scanner's own cast."""
    rng = np.random.default_rng([seed, 3])
    t = float(np.clip(rng.uniform(-0.25, 1.25), -0.15, 1.15))
    (h0, p0, m0), (h1, p1, m1) = _LABORATORIES
    level = rng.uniform(234, 248)
    cast = rng.normal(0, 1.6, 3)
    return Style(
        haematoxylin=_mixed(h0, h1, t, rng),
        pas=_mixed(p0, p1, t, rng),
        haematoxylin_max=float((m0[0] + t * (m1[0] - m0[0])) * np.exp(rng.normal(0, 0.13))),
        pas_max=float((m0[1] + t * (m1[1] - m0[1])) * np.exp(rng.normal(0, 0.13))),
        white=tuple(float(v) for v in np.clip(level + cast, 228, 252)),  # type: ignore[arg-type]
        blur_um=float(rng.uniform(0.15, 0.5)),
        defocus=float(rng.beta(1.2, 3)),
        thickness=float(rng.uniform(0.03, 0.10)),
        grain=float(rng.uniform(0.004, 0.016)),
        dust=float(rng.uniform(0.01, 0.2)),
        quality=int(rng.integers(72, 93)),
    )


def _mixed(a: Vector, b: Vector, t: float, rng: np.random.Generator) -> Vector:
    vector = np.array(a) * (1 - t) + np.array(b) * t + rng.normal(0, 0.018, 3)
    unit = np.clip(vector, 0.02, None)
    unit = unit / np.linalg.norm(unit)
    return (float(unit[0]), float(unit[1]), float(unit[2]))
