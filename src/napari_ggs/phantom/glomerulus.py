"""Draw a glomerulus from its latents as two stain maps, at any resolution."""

import numpy as np
from numpy.typing import NDArray

from napari_ggs.phantom.capsule import Capsule, draw_capsule
from napari_ggs.phantom.latents import Latents, draw_latents, label_of
from napari_ggs.phantom.nuclei import Nuclei
from napari_ggs.phantom.paint import draw_alpha, draw_paint
from napari_ggs.phantom.stamp import (
    Contour,
    Drawing,
    Frame,
    Membrane,
    Stamp,
    area_um2,
    develop,
    draw_contour,
    gather,
    place_nuclei,
)
from napari_ggs.phantom.texture import FIELD_UM, Field, line, rise, smoothstep
from napari_ggs.phantom.tuft import Tuft, draw_tuft

__all__ = [
    "Latents",
    "Stamp",
    "draw_latents",
    "label_of",
    "outline_mask",
    "render_glomerulus",
]

MARGIN_UM = 12.0
"""What a stamp shows around the glomerulus; alpha falls to zero within it."""


def render_glomerulus(latents: Latents, mpp: float, rng: np.random.Generator) -> Stamp:
    """Draw one glomerulus.

    The same generator state gives the same structure at every `mpp`.

    Parameters
    ----------
    latents : Latents
    mpp : float
        um/px of the stamp; beyond .5 the stamp is an average of the one at .5.
    rng : numpy.random.Generator

    Returns
    -------
    Stamp
        Square, the outline's origin in the middle.
    """
    contour = _contour(latents, rng)
    frame = _frame(latents, contour, FIELD_UM)
    capsule = draw_capsule(frame, contour, latents, rng)
    tuft = draw_tuft(frame, capsule.room, latents, rng)
    nuclei = _population(latents, capsule, tuft, rng)
    paint = draw_paint(frame, latents, capsule, tuft, nuclei, rng)
    drawing = Drawing(
        haematoxylin=paint.haematoxylin,
        pas=paint.pas,
        alpha=draw_alpha(frame, latents, capsule, rng),
        depth=capsule.depth,
        membranes=(
            Membrane(tuft.lumen, 1.0, paint.membrane),
            Membrane(capsule.wall, 2.0, paint.capsule),
        ),
        nuclei=gather(list(nuclei.values())),
    )
    return develop(drawing, mpp, rng)


def outline_mask(latents: Latents, mpp: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return the mask of the stamp that `render_glomerulus` would draw, without drawing it.

    The same generator state gives the same outline around the middle of the array.
    """
    contour = _contour(latents, rng)
    return contour.depth(_frame(latents, contour, mpp)) > 0


def _frame(latents: Latents, contour: Contour, um: float) -> Frame:
    """Leave a margin for what is around, more where the border is gradual."""
    return Frame.of(contour.reach_um + MARGIN_UM + 24 * max(0.0, 0.6 - latents.capsule), um)


def _contour(latents: Latents, rng: np.random.Generator) -> Contour:
    ragged = rise(1 - latents.capsule, 0.4, 0.9)
    return draw_contour(rng, latents.diameter_um, latents.eccentricity, ragged)


def _population(
    latents: Latents, capsule: Capsule, tuft: Tuft, rng: np.random.Generator
) -> dict[str, Nuclei]:
    """Place the nuclei of all cell types."""
    inside = smoothstep(tuft.level, -0.5, 0.5)
    solid = 1 - smoothstep(tuft.lumen, -0.5, 0.5)
    alive = inside * (1 - tuft.sclerosis)
    collapsed = rise(latents.collapse, 0.3, 0.9)
    crowd = (0.4 + 1.2 * latents.cellularity) * (1 - 0.7 * collapsed) * area_um2(alive) / 112
    scarred = (0.3 + 1.4 * latents.cellularity) * rng.uniform(0.3, 1) / 330
    collar = smoothstep(capsule.depth, 0.5, 2.0) * (1 - smoothstep(capsule.room, -2.5, -1.0))
    in_room = smoothstep(capsule.room, 1.5, 3.5)
    shrunken = inside * tuft.sclerosis
    pole = smoothstep(capsule.pole, 0.0, 3.0)
    stalk = alive * (0.05 + tuft.stalk) * solid
    wall = alive * line(tuft.lumen - 0.6, 2.5)
    surface = in_room * line(tuft.level + 1.2, 4.0)

    def place(kind: str, weight: Field, along: Field, per_um2: float) -> Nuclei:
        return place_nuclei(rng, kind, weight, per_um2, along)

    def share(weight: Field, part: float) -> float:
        return part * crowd / max(area_um2(weight), 1.0)

    return {
        "mesangial": place("mesangial", stalk, tuft.lumen, share(stalk, 0.40)),
        "endothelial": place("endothelial", wall, tuft.lumen, share(wall, 0.33)),
        "podocyte": place("podocyte", surface, tuft.level, share(surface, 0.27)),
        "left": place("mesangial", shrunken, tuft.folds, 0.6 * scarred),
        "pyknotic": place("pyknotic", shrunken, tuft.folds, 0.4 * scarred),
        "parietal": place("parietal", line(capsule.room - 1.3, 1.6), capsule.depth, 1 / 75),
        "collar": place("fibroblast", collar, capsule.depth, 1 / 260),
        "pole": place("mesangial", pole, capsule.pole, 1 / 42),
    }
