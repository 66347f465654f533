"""Where things lie on a slide: tissue, cortex, rays, fibrosis, glomeruli and their mimics."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_ggs.phantom.fields import Field, Noise
from napari_ggs.phantom.grid import Box
from napari_ggs.phantom.outline import Outline, draw_shape
from napari_ggs.phantom.places import Place, Planner, drawn_mix

_SUBCAPSULAR_UM = 90.0
"""Depth of the outermost cortex, without glomeruli."""

_CORTEX_UM = 6500.0
"""Depth of the cortex under the capsule; the medulla is below."""


class Layout:
    """The plan of one slide, in um; everything follows from the arguments.

    Attributes
    ----------
    glomeruli, mimics : list of Place
    mix : dict of str to float
        Shares of the kinds of glomeruli.
    rays_along_x : bool
        Whether rays and straight tubules run along x.
    swelling, gap, epithelium, brush : float
        How far tubules fill gaps (um), the least interstitium between them (um), how tall their
        epithelium is (1 is usual), and the PAS of the brush border.
    """

    def __init__(
        self,
        width: float,
        height: float,
        seed: int,
        outline: Outline,
        mix: Mapping[str, float] | None,
    ) -> None:
        rng = np.random.default_rng([seed, 2])
        self._shape = draw_shape(outline, width, height, seed)
        self.rays_along_x = self._shape.along_x
        self.swelling = float(rng.uniform(20.0, 30.0))
        self.epithelium = float(rng.uniform(0.8, 1.35))
        self.brush = float(rng.uniform(0.03, 0.22))
        self.gap = float(rng.uniform(1.5, 4.0))
        self._scarring = float(rng.uniform(0.3, 2.2))
        self._scars = Noise(seed, 61, 700.0), Noise(seed, 62, 190.0)
        self._infiltrate = Noise(seed, 66, 320.0), Noise(seed, 67, 70.0)
        self._rays = Noise(seed, 63, 430.0)
        self._ragged = Noise(seed, 64, 34.0), Noise(seed, 65, 9.0)
        self.mix = dict(mix) if mix is not None else drawn_mix(rng)
        planner = Planner((width, height), self._hosts, outline != "field", rng)
        self.glomeruli, self.mimics = planner.plan(self.mix)
        self._places = (*self.glomeruli, *self.mimics)
        self._circles = np.array([p[:3] for p in self._places], np.float64).reshape(-1, 3)

    def tissue(self, xs: Field, ys: Field) -> Field:
        """Signed distance to the ragged edge of the tissue, um, positive inside."""
        smooth = self._shape.inside.grid(xs, ys)
        if smooth.min() > 80 or smooth.max() < -80:
            return smooth
        capsule = np.clip(self.depth(xs, ys) / 60, 0.15, 1)
        coarse, fine = (noise.grid(xs, ys) for noise in self._ragged)
        return np.asarray(smooth + capsule * (11 * coarse + 4 * fine), np.float32)

    def tissue_at(self, x: Field, y: Field) -> Field:
        """Signed distance to the smooth outline at scattered points."""
        return self._shape.inside.at(x, y)

    def holds_tissue(self, box: Box) -> bool:
        """Whether any tissue can lie in a box."""
        step = self._shape.inside.step
        xs = np.arange(box[0], box[2] + step, step, dtype=np.float32)
        ys = np.arange(box[1], box[3] + step, step, dtype=np.float32)
        return bool(self._shape.inside.grid(xs, ys).max() > -60)

    def depth(self, xs: Field, ys: Field) -> Field:
        """Distance from the capsule, um."""
        return self._shape.depth.grid(xs, ys)

    def depth_at(self, x: Field, y: Field) -> Field:
        """Distance from the capsule at scattered points."""
        return self._shape.depth.at(x, y)

    def fibrosis(self, xs: Field, ys: Field) -> Field:
        """Interstitial fibrosis, 0 to 1, patchy."""
        return self._scarred(*(noise.grid(xs, ys) for noise in self._scars))

    def fibrosis_at(self, x: Field, y: Field) -> Field:
        """Interstitial fibrosis at scattered points."""
        return self._scarred(*(noise.at(x, y) for noise in self._scars))

    def _scarred(self, slow: Field, quick: Field) -> Field:
        return np.clip((slow + 0.45 * quick - self._scarring) * 1.1 + 0.1, 0, 1)

    def inflammation(self, xs: Field, ys: Field) -> Field:
        """Share of the interstitium's places that hold a lymphocyte, 0 to 1, patchy."""
        slow, quick = (noise.grid(xs, ys) for noise in self._infiltrate)
        return np.clip(0.10 + 0.45 * (slow + 0.6 * quick - 1.3), 0.04, 0.95)

    def in_ray(self, x: Field, y: Field) -> NDArray[np.bool_]:
        """Whether points lie in a medullary ray or in the medulla."""
        along, across = (x, y) if self.rays_along_x else (y, x)
        depth = self.depth_at(x, y)
        ray = (self._rays.at(across, 0.12 * along) > 1.05) & (depth > 350)
        return np.asarray(ray | (depth > _CORTEX_UM))

    def _hosts(self, x: Field, y: Field, clearance: tuple[float, float]) -> NDArray[np.bool_]:
        depth, inside = self.depth_at(x, y), self.tissue_at(x, y)
        cortex = (depth > max(_SUBCAPSULAR_UM, clearance[0] + 30)) & (depth < _CORTEX_UM)
        return np.asarray(cortex & (inside > clearance[0]) & (inside < clearance[1]))

    def near(self, box: Box) -> list[Place]:
        """Glomeruli and mimics that can reach a box, with what surrounds them."""
        x, y, room = self._circles.T
        reach = 1.5 * room + 65
        close = (x + reach > box[0]) & (x - reach < box[2])
        close &= (y + reach > box[1]) & (y - reach < box[3])
        return [self._places[k] for k in np.flatnonzero(close)]

    def displacing(self, box: Box) -> list[Place]:
        """Those that can reach a box and that tubules give way to."""
        return [place for place in self.near(box) if place.displaces]
