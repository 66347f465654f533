"""One napari layer of circles: the glomeruli of one class, in its colour."""

from typing import Any

import pandas as pd
from napari.layers import Image, Points
from napari.utils.colormaps.standardize_color import transform_color

from napari_ggs.lesions import NON_GLOMERULUS, Lesion
from napari_ggs.viewer.coordinates import to_points

SYMBOL, FACE = "disc", "transparent"


def new_layer(lesion: Lesion, nobody: pd.DataFrame, image: Image, border_width: float) -> Points:
    """Make the layer of a class, with the scale and units of its slide; it holds no circle yet.

    Parameters
    ----------
    lesion : Lesion
    nobody : DataFrame
        A Glomeruli table without rows.
    image : Image
        The slide's layer.
    border_width : float
        Level-0 pixels.
    """
    return Points(
        ndim=2,
        name=lesion.title,
        symbol=SYMBOL,
        face_color=FACE,
        border_color=lesion.colour,
        border_width=border_width,
        border_width_is_relative=False,
        scale=image.scale,
        units=image.units,
        visible=lesion.name != NON_GLOMERULUS,
        features=_features(nobody, lesion),
    )


def show(layer: Points, rows: pd.DataFrame, lesion: Lesion) -> None:
    """Let a layer hold these rows of a Glomeruli table, and nothing that tells them apart."""
    layer.data = to_points(rows[["x", "y"]])
    layer.size = 2 * rows["radius"].to_numpy()
    if len(rows):  # else napari keeps a colour for nothing, and one too many from then on
        layer.symbol, layer.face_color, layer.border_color = SYMBOL, FACE, lesion.colour
    layer.features = _features(rows, lesion)


def is_in_colour(layer: Points, lesion: Lesion) -> bool:
    """Whether every circle of a layer has the colour of its class."""
    border, face = transform_color([lesion.colour, FACE])
    return bool((layer.border_color == border).all() and (layer.face_color == face).all())


def _features(rows: pd.DataFrame, lesion: Lesion) -> dict[str, Any]:
    """What napari's status bar tells of the circle under the pointer."""
    return {
        "id": rows["id"].to_numpy(),
        "score": rows["detection_score"].round(2).to_numpy(),
        "probability": rows[lesion.column].round(2).to_numpy(),
    }
