"""The continuous state of a glomerulus, and the class that follows from it.

A class is a region of the latent space, so borderlines exist: near a threshold two classes look
alike, as they do to pathologists. Diameters are those of REFERENCE.md section 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

THRESHOLD = 0.5
"""Where a latent turns one class into another; "global" means more than half of the tuft."""


@dataclass(frozen=True)
class Latents:
    """What is the matter with one glomerulus. Everything but the sizes and angles is 0 to 1.

    Attributes
    ----------
    diameter_um : float
        Equal-area diameter of tuft, Bowman's space and capsule.
    collapse : float
        How far the capillaries have closed and the tuft has drawn back to one side.
    matrix : float
        Share of the tuft replaced by PAS-positive matrix.
    capsule : float
        Integrity of Bowman's capsule: 1 closed, 0 gone.
    fill : float
        Share of Bowman's space that is filled with pale collagen.
    periglomerular : float
        Layered fibrosis around the capsule; 1 is about a quarter of the radius.
    segmental : float
        Share of an otherwise open tuft that is sclerosed in one segment (below one half).
    ischaemia : float
        Wrinkled basement membranes in a shrunken, still open tuft.
    tangential : float
        0 = cut through the middle, 1 = only the top of the tuft, without a capsule.
    lobulation : float
        How deep the clefts between the lobules are.
    cellularity : float
        Number of nuclei; .5 is usual.
    mesangium : float
        Width of the PAS-positive stalks between open loops.
    space : float
        Width of the open Bowman's space.
    eccentricity : float
        How far the profile is from a disc.
    pole_angle : float
        Direction of the vascular pole, radians (x to the right, y down).
    """

    diameter_um: float
    collapse: float = 0.0
    matrix: float = 0.0
    capsule: float = 1.0
    fill: float = 0.0
    periglomerular: float = 0.0
    segmental: float = 0.0
    ischaemia: float = 0.0
    tangential: float = 0.0
    lobulation: float = 0.5
    cellularity: float = 0.5
    mesangium: float = 0.3
    space: float = 0.5
    eccentricity: float = 0.2
    pole_angle: float = 0.0

    @property
    def closure(self) -> float:
        """How far the tuft is globally sclerosed, by collapse or by matrix."""
        return max(self.collapse, self.matrix)


def label_of(latents: Latents) -> str:
    """Return the class of a glomerulus, by thresholds on its latents.

    Order of the questions: is the tuft globally sclerosed; if so, is the capsule gone
    (disappearing); if not, is Bowman's space filled with collagen (obsolescent or solidified)?
    """
    if latents.closure < THRESHOLD:
        fibrosed = latents.periglomerular >= THRESHOLD
        return "periglomerular fibrosis" if fibrosed else "normal"
    if latents.capsule < THRESHOLD:
        return "disappearing"
    return "obsolescent" if latents.fill >= THRESHOLD else "solidified"


DIAMETERS_UM: dict[str, tuple[float, float, float]] = {
    "normal": (111, 184, 248),
    "periglomerular fibrosis": (122, 173, 237),
    "obsolescent": (91, 130, 169),
    "solidified": (89, 112, 154),
    "disappearing": (78, 111, 152),
}
"""5th percentile, median and 95th percentile (REFERENCE.md section 1)."""

_Z95 = 1.6449


def _diameter(kind: str, rng: np.random.Generator) -> float:
    """Draw from a log-normal whose two halves have their own widths: all percentiles hold."""
    low, median, high = DIAMETERS_UM[kind]
    z = float(np.clip(rng.standard_normal(), -2.5, 2.5))
    sigma = np.log(high / median) if z > 0 else np.log(median / low)
    return float(median * np.exp(z * sigma / _Z95))


def _below(rng: np.random.Generator, a: float, b: float) -> float:
    """Return a beta variate squeezed below the threshold."""
    return float(min(rng.beta(a, b), 0.999) * THRESHOLD)


def _above(rng: np.random.Generator, a: float, b: float) -> float:
    """Return a beta variate squeezed to at least the threshold."""
    return float(THRESHOLD + (1 - THRESHOLD) * rng.beta(a, b))


def _sometimes(rng: np.random.Generator, share: float, value: float) -> float:
    return value if rng.random() < share else 0.0


def _open_tuft(rng: np.random.Generator, diameter: float) -> dict[str, float]:
    """Draw what an open tuft can have: ischaemia, a sclerosed segment, a cut off the middle."""
    ischaemia = _sometimes(rng, 0.35, float(rng.beta(1.3, 1.6)))
    off_middle = np.clip((165 - diameter) / 90, 0.05, 0.75)
    return {
        "collapse": THRESHOLD * min(0.999, float(rng.beta(1, 7)) + 0.8 * ischaemia * rng.random()),
        "matrix": _below(rng, 0.8, 6.0),
        "capsule": float(1 - 0.35 * rng.beta(1, 5)),
        "fill": _below(rng, 1, 8) if ischaemia < 0.4 else _below(rng, 1.2, 2.5),
        "ischaemia": ischaemia,
        "segmental": _sometimes(rng, 0.18, _below(rng, 1.6, 1.6)),
        "tangential": _sometimes(rng, off_middle, float(rng.beta(1.5, 1.5))),
    }


def _normal(rng: np.random.Generator, diameter: float) -> dict[str, float]:
    return _open_tuft(rng, diameter) | {"periglomerular": _below(rng, 1, 3)}


def _periglomerular(rng: np.random.Generator, diameter: float) -> dict[str, float]:
    drawn = _open_tuft(rng, diameter)
    ischaemia = float(rng.beta(1.6, 1.3))
    return drawn | {
        "periglomerular": _above(rng, 1.2, 1.4),
        "ischaemia": ischaemia,
        "collapse": THRESHOLD * min(0.999, float(rng.beta(1, 4)) + 0.7 * ischaemia * rng.random()),
        "tangential": _sometimes(rng, 0.08, float(rng.beta(1, 3))),
    }


def _obsolescent(rng: np.random.Generator, diameter: float) -> dict[str, float]:
    del diameter
    return {
        "collapse": _above(rng, 1.5, 1.1),
        "matrix": float(rng.beta(2.0, 1.5)),
        "capsule": _above(rng, 3.5, 1),
        "fill": _above(rng, 1.7, 0.9),
        "periglomerular": _sometimes(rng, 0.3, float(rng.beta(1, 2))),
        "ischaemia": float(rng.beta(2, 1)),
    }


def _solidified(rng: np.random.Generator, diameter: float) -> dict[str, float]:
    del diameter
    return {
        "collapse": float(0.75 * rng.beta(1, 2.2)),
        "matrix": _above(rng, 1.8, 0.9),
        "capsule": _above(rng, 2.2, 1),
        "fill": _below(rng, 1, 1.8),
        "periglomerular": _sometimes(rng, 0.3, float(rng.beta(1, 2))),
        "ischaemia": float(rng.beta(1, 2)),
    }


def _disappearing(rng: np.random.Generator, diameter: float) -> dict[str, float]:
    del diameter
    return {
        "collapse": float(rng.beta(1.4, 1.4)),
        "matrix": _above(rng, 1.3, 1),
        "capsule": _below(rng, 1, 1.6),
        "fill": float(rng.beta(1, 1.4)),
        "periglomerular": 0.0,
        "ischaemia": float(rng.beta(1.5, 1.5)),
    }


_DRAW: dict[str, Callable[[np.random.Generator, float], dict[str, float]]] = {
    "normal": _normal,
    "periglomerular fibrosis": _periglomerular,
    "obsolescent": _obsolescent,
    "solidified": _solidified,
    "disappearing": _disappearing,
}


def draw_latents(kind: str, rng: np.random.Generator) -> Latents:
    """Draw the latents of one glomerulus of the class `kind`.

    The classes are spread up to their thresholds, so that some of each are borderline;
    ``label_of(draw_latents(kind, rng)) == kind`` always holds.

    Raises
    ------
    ValueError
        If `kind` is no class of glomeruli; the message lists them.
    """
    if kind not in _DRAW:
        raise ValueError(f"{kind!r} is no class of glomeruli; known: {', '.join(_DRAW)}.")
    diameter = _diameter(kind, rng)
    return Latents(
        diameter_um=diameter,
        lobulation=float(rng.beta(1.8, 1.6)),
        cellularity=float(rng.beta(2, 2.2)),
        mesangium=float(rng.beta(1.4, 2)),
        space=float(rng.beta(1.5, 1.7)),
        eccentricity=float(rng.beta(1.6, 2.6)),
        pole_angle=float(rng.uniform(-np.pi, np.pi)),
        **_DRAW[kind](rng, diameter),
    )
