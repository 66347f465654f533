"""One napari layer of circles: the glomeruli of one class, or those without one, in its colour."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Image, Points
from napari.utils.colormaps.standardize_color import transform_color

from napari_ggs.circles import Array
from napari_ggs.lesions import NON_GLOMERULUS, Lesion
from napari_ggs.viewer.coordinates import from_points, to_points
from napari_ggs.viewer.style import UNNAMED_COLOUR

UNNAMED = Lesion("not named yet", "", UNNAMED_COLOUR)
"""In place of a class: circles that a reader who is blind to the model has not named."""

SYMBOL, FACE = "disc", "transparent"
BOLD = 2.0
"""So much wider is the border of a selected circle."""
USUAL_UM = 150.0
"""Diameter of what is added with napari's tool until a person says otherwise."""


class ClassLayer:
    """A Points layer, and which circle each of its points is.

    Parameters
    ----------
    lesion : Lesion
    nobody : DataFrame
        A Glomeruli table without rows.
    image : Image
        The slide's layer; the circles share its scale and units.
    border_width : float
        Level-0 pixels.

    Attributes
    ----------
    blind : bool
        Whether napari's status bar must not tell what the model says; acts at the next `show`.
    points : Points
    handles : Index
        Handles of the circles, in the order of the points.
    """

    def __init__(
        self, lesion: Lesion, nobody: pd.DataFrame, image: Image, border_width: float
    ) -> None:
        self.lesion, self.handles = lesion, nobody.index
        self.blind = lesion is UNNAMED
        self.points = Points(
            ndim=2,
            name=lesion.title,
            symbol=SYMBOL,
            face_color=FACE,
            border_color=lesion.colour,
            size=USUAL_UM / float(image.scale[-1]),
            border_width=border_width,
            border_width_is_relative=False,
            scale=image.scale,
            units=image.units,
            visible=lesion.name != NON_GLOMERULUS,
            features=self._features(nobody),
        )

    def show(self, rows: pd.DataFrame) -> None:
        """Hold these rows of a Glomeruli table; what is selected stays so."""
        points, selected = self.points, self.selected()
        with points.events.blocker_all():  # else napari redraws after each of these lines
            points.selected_data = set()
            points.data = to_points(rows[["x", "y"]])
            points.size = 2 * rows["radius"].to_numpy()
            if len(rows):  # else napari keeps a colour for nothing, and one too many from then on
                points.symbol, points.face_color = SYMBOL, FACE
                points.border_color = self.lesion.colour
            points.features = self._features(rows)
            points.selected_data = set(np.flatnonzero(rows.index.isin(selected)))
        self.handles = rows.index
        if len(selected):
            self.fit_border(points.current_border_width)
        points.refresh()
        points.name = f"{self.lesion.title} ({len(rows)})"

    def preview(self, handle: int, circle: tuple[float, float, float]) -> None:
        """Show a circle (x, y, radius in level-0 px) elsewhere or, if it is new, as well.

        Until the next `show`; nobody is told.
        """
        circles = self.circles()[: len(self.handles)]
        if handle in self.handles:
            circles[self.handles == handle] = circle
        else:
            circles = np.vstack([circles, circle])
        points = self.points
        with points.events.blocker_all():
            points.data = to_points(circles[:, :2])
            points.size = 2 * circles[:, 2]
            points.symbol, points.face_color = SYMBOL, FACE
            points.border_color = self.lesion.colour
        points.refresh()

    def selected(self) -> pd.Index:
        """Handles of the circles that are selected."""
        known = len(self.handles)
        return self.handles[sorted(i for i in self.points.selected_data if i < known)]

    def select(self, handles: Iterable[int]) -> None:
        """Select exactly these of the circles that it holds."""
        chosen = set(np.flatnonzero(self.handles.isin(list(handles))).tolist())
        if chosen != set(self.points.selected_data):
            self.points.selected_data = chosen
            self.fit_border(self.points.current_border_width)

    def circles(self) -> Array:
        """x, y, radius in level-0 px of the points as they are drawn, shape (n, 3)."""
        return np.column_stack([from_points(self.points.data), self.points.size / 2])

    def is_in_colour(self) -> bool:
        """Whether every circle has the colour of the class."""
        border, face = transform_color([self.lesion.colour, FACE])
        points = self.points
        return bool((points.border_color == border).all() and (points.face_color == face).all())

    def fit_border(self, width: float) -> None:
        """Draw the borders of a width in level-0 pixels, those of selected circles bolder."""
        points = self.points
        points.current_border_width = width
        if points.visible and len(points.data):
            widths = np.full(len(points.data), width, dtype=float)
            widths[sorted(points.selected_data)] *= BOLD
            with points.events.blocker_all():  # else napari draws it anew three times
                points.border_width = widths
            points.events.border_width()

    def _features(self, rows: pd.DataFrame) -> dict[str, Any]:
        """What napari's status bar tells of the circle under the pointer."""
        number = {"id": rows["id"].to_numpy()}
        if self.blind:
            return number
        return number | {
            "score": rows["detection_score"].round(2).to_numpy(),
            "probability": rows[self.lesion.column].round(2).to_numpy(),
        }
