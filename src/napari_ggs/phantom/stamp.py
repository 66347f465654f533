"""What is laid into tissue: a drawing in micrometres, and the stamp it becomes at some um/px."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_ggs.phantom.nuclei import Nuclei, draw_nuclei, make_nuclei
from napari_ggs.phantom.texture import (
    FIELD_UM,
    Field,
    line,
    noise,
    noise_at,
    resample,
    scatter,
    smoothstep,
)


class Stamp(NamedTuple):
    """A thing to lay into tissue.

    Attributes
    ----------
    haematoxylin, pas : (h, w) float32
        Stain concentrations; 1.0 is the slide's 99th percentile of that stain.
    alpha : (h, w) float32
        How far the stamp replaces what lies below, 0 to 1.
    mask : (h, w) bool
        The thing itself (of a glomerulus: tuft, Bowman's space and capsule), as an expert
        would outline it.
    """

    haematoxylin: Field
    pas: Field
    alpha: Field
    mask: NDArray[np.bool_]


class Frame(NamedTuple):
    """The grid on which one stamp is drawn: um from its centre, (n, n) each."""

    x: Field
    y: Field
    half_um: float
    um: float

    @classmethod
    def of(cls, half_um: float, um: float = FIELD_UM) -> "Frame":
        """Return a square frame of at least +-half_um, its side a whole number of 4 um."""
        half = 2.0 * math.ceil(half_um / 2.0)
        axis = (np.arange(_count(half, um), dtype=np.float32) + 0.5) * um - half
        x, y = np.meshgrid(axis, axis)
        return cls(x, y, half, um)

    def at(self, um: float) -> "Frame":
        """Return the same frame with another grid (1 and 2 um fit, too)."""
        return Frame.of(self.half_um, um)

    def take(self, field: Field, um: float) -> Field:
        """Bring a field from a grid of this frame at `um` to this grid."""
        return resample(field, um, self.um, self.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the canonical grid."""
        return self.x.shape[0], self.x.shape[1]

    @property
    def theta(self) -> Field:
        """Direction from the centre, radians."""
        return np.arctan2(self.y, self.x)

    def sample(self, field: Field, places: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the field at places (n, 2) = x, y in um from the centre."""
        index = np.clip(((places + self.half_um) / self.um).astype(int), 0, field.shape[0] - 1)
        return field[index[:, 1], index[:, 0]]

    def noise(self, rng: np.random.Generator, scale_um: float, octaves: int = 1) -> Field:
        """Return unit noise with blobs of `scale_um`."""
        return noise(rng, self.shape, scale_um / self.um, octaves)

    def warped(
        self, rng: np.random.Generator, scale_um: float, amplitude_um: float
    ) -> tuple[Field, Field]:
        """Return coordinates that wander, so that nothing drawn in them is straight."""
        x = self.x + amplitude_um * self.noise(rng, scale_um, 2)
        return x, self.y + amplitude_um * self.noise(rng, scale_um, 2)

    def fibres(
        self, depth: Field, rng: np.random.Generator, across_um: float, along_um: float
    ) -> Field:
        """Return noise drawn out along the levels of `depth` around the centre: layers."""
        period = max(int(np.pi * self.half_um * 1.6 / along_um), 3)
        rows = depth / across_um + 1.2 * self.noise(rng, 16.0, 2)
        return noise_at(rng, rows + 128, (self.theta / (2 * np.pi) + 0.5) * period, period)


def _count(half_um: float, um: float) -> int:
    """Return how many px of `um` it takes to cover +-half_um."""
    return math.ceil(2 * half_um / um - 1e-6)


class Contour(NamedTuple):
    """A closed curve around the origin: its radius (um) in evenly spaced directions."""

    radius: NDArray[np.float64]

    @property
    def reach_um(self) -> float:
        """How far it goes from the origin."""
        return float(self.radius.max())

    def depth(self, frame: Frame) -> Field:
        """Return how far inside the curve each place is, um along the ray from the origin."""
        fine = np.linspace(-np.pi, np.pi, len(self.radius), endpoint=False)
        edge = np.interp(frame.theta, fine, self.radius, period=2 * np.pi)
        return edge.astype(np.float32) - np.hypot(frame.x, frame.y)

    def toward(self, angle: float) -> tuple[float, float]:
        """Return the point (x, y) of the curve in a direction, um."""
        turn = (angle / (2 * np.pi) + 0.5) % 1
        radius = float(self.radius[int(turn * len(self.radius))])
        return radius * math.cos(angle), radius * math.sin(angle)


def draw_contour(
    rng: np.random.Generator, diameter_um: float, eccentricity: float = 0.2, ragged: float = 0.0
) -> Contour:
    """Draw a contour whose area is that of a disc of `diameter_um`."""
    fine = np.linspace(-np.pi, np.pi, 720, endpoint=False)
    shape = 0.16 * eccentricity * np.cos(2 * (fine - rng.uniform(0, np.pi)))
    for k in range(3, 12):
        size = (0.035 if k < 5 else 0.012) + 0.035 * ragged
        shape += size * rng.normal() * 3 / k * np.cos(k * fine + rng.uniform(0, 2 * np.pi))
    radius = np.exp(np.clip(shape, -0.45, 0.35))
    return Contour(radius * (diameter_um / 2 / np.sqrt(np.mean(radius**2))))


class Membrane(NamedTuple):
    """A PAS-positive line `width_um` wide along the zeros of `level` (um)."""

    level: Field
    width_um: float
    strength: Field


class Drawing(NamedTuple):
    """Everything about a stamp before a resolution is chosen; fields on the canonical grid.

    Attributes
    ----------
    haematoxylin, pas, alpha : (n, n) float32
        Soft stain and blending.
    depth : (n, n) float32
        um inside the outer border; the mask is where it is positive.
    membranes : tuple of Membrane
        Drawn at the final resolution, so that they stay crisp.
    nuclei : Nuclei
        In um from the top-left corner; likewise.
    """

    haematoxylin: Field
    pas: Field
    alpha: Field
    depth: Field
    membranes: tuple[Membrane, ...]
    nuclei: Nuclei


def develop(drawing: Drawing, mpp: float, rng: np.random.Generator) -> Stamp:
    """Turn a drawing into a stamp at `mpp`; beyond `FIELD_UM` it is an area average."""
    fine = min(mpp, FIELD_UM)
    n = _count(drawing.depth.shape[0] * FIELD_UM / 2, fine)

    def at(field: Field) -> Field:
        return resample(field, FIELD_UM, fine, (n, n))

    pas = at(drawing.pas)
    for membrane in drawing.membranes:
        pas += at(membrane.strength) * line(at(membrane.level), membrane.width_um)
    pas = np.maximum(pas, 0)
    chromatin, cover = draw_nuclei(drawing.nuclei, (n, n), fine, rng)
    haematoxylin = np.maximum(at(drawing.haematoxylin), 0) * (1 - 0.6 * cover) + chromatin
    pas *= 1 - 0.45 * cover
    alpha = np.clip(at(drawing.alpha), 0, 1) * _fading(n, fine)
    return _coarser(Stamp(haematoxylin, pas, alpha, at(drawing.depth) > 0), fine, mpp)


def _fading(n: int, mpp: float) -> Field:
    """Return a window that is 1 inside and falls to 0 at the stamp's edge: no seam shows."""
    from_edge = (np.minimum(np.arange(n), np.arange(n)[::-1]) * mpp).astype(np.float32)
    ramp = smoothstep(from_edge, 0.0, 5.0)
    return ramp * ramp[:, None]


def _coarser(stamp: Stamp, fine: float, mpp: float) -> Stamp:
    if mpp <= fine:
        return stamp
    n = _count(stamp.mask.shape[0] * fine / 2, mpp)
    h, pas, alpha, mask = (resample(f.astype(np.float32), fine, mpp, (n, n)) for f in stamp)
    return Stamp(h, pas, alpha, mask > 0.5)


def place_nuclei(
    rng: np.random.Generator,
    kind: str,
    weight: Field,
    per_um2: float,
    along: Field,
    apart_um: float = 4.0,
) -> Nuclei:
    """Place about `per_um2` x weighted area nuclei, lying along the levels of `along`."""
    count = int(rng.poisson(area_um2(weight) * per_um2))
    places = scatter(rng, weight, count, apart_um / FIELD_UM)
    if len(places) == 0:
        return make_nuclei(rng, kind, places)
    row, column = np.clip(places[:, ::-1].astype(int).T, 1, weight.shape[0] - 2)
    dx = along[row, column + 1] - along[row, column - 1]
    dy = along[row + 1, column] - along[row - 1, column]
    return make_nuclei(rng, kind, places * FIELD_UM, np.arctan2(dx, -dy))


def area_um2(weight: Field) -> float:
    """Return the area that a map of coverage stands for."""
    return float(weight.sum()) * FIELD_UM**2


def halo(frame: Frame, nuclei: Nuclei, radius_um: float) -> Field:
    """Return a soft spot of height about 1 around each nucleus: where its cytoplasm is."""
    spots = np.zeros(frame.shape, np.float32)
    row, column = ((v / frame.um).astype(int) for v in (nuclei.y, nuclei.x))
    ok = (row >= 0) & (column >= 0) & (row < spots.shape[0]) & (column < spots.shape[1])
    np.add.at(spots, (row[ok], column[ok]), 1.0)
    sigma = radius_um / frame.um
    spread: Field = ndimage.gaussian_filter(spots, sigma, truncate=2.5)
    return 1 - np.exp(-spread * float(2 * np.pi * sigma**2))


def gather(groups: list[Nuclei]) -> Nuclei:
    """Return several tables of nuclei as one."""
    return Nuclei(*(np.concatenate(columns) for columns in zip(*groups, strict=True)))
