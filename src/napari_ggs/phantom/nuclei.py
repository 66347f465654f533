"""Nuclei: irregular ovals with a rim and clumped chromatin, drawn by the hundred at once."""

from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from napari_ggs.phantom.texture import Field, line, noise

_TILE_UM = 0.25
_TILE_PX = 256

Column = NDArray[np.float64]


class Nuclei(NamedTuple):
    """A table of nuclei, one array entry each.

    Attributes
    ----------
    x, y : (n,) float
        Centres in um from the top-left corner of the canvas.
    length, width : (n,) float
        Full axes in um.
    angle : (n,) float
        Direction of the long axis in radians (x to the right, y down).
    density : (n,) float
        Mean haematoxylin concentration inside.
    vesicular : (n,) float
        0 = dense and even (lymphocyte, pyknotic) to 1 = pale inside with a dark rim (podocyte).
    """

    x: Column
    y: Column
    length: Column
    width: Column
    angle: Column
    density: Column
    vesicular: Column

    def take(self, index: NDArray[np.intp]) -> Self:
        """Return the nuclei at `index`."""
        return self._replace(**{name: column[index] for name, column in self._asdict().items()})


class Kind(NamedTuple):
    """What nuclei of one cell type look like: mean sizes (um), stain, rim."""

    length: float
    width: float
    density: float
    vesicular: float


KINDS = {
    "podocyte": Kind(8.2, 6.4, 0.36, 0.8),
    "endothelial": Kind(7.2, 4.2, 0.50, 0.5),
    "mesangial": Kind(6.7, 5.4, 0.52, 0.5),
    "parietal": Kind(9.5, 2.9, 0.52, 0.5),
    "lymphocyte": Kind(5.6, 5.2, 0.82, 0.15),
    "pyknotic": Kind(5.2, 3.2, 0.8, 0.05),
    "fibroblast": Kind(10.5, 2.3, 0.6, 0.25),
    "muscle": Kind(12.5, 2.8, 0.48, 0.5),
    "tubular": Kind(6.6, 6.2, 0.45, 0.75),
}


def make_nuclei(
    rng: np.random.Generator,
    kind: str,
    places: NDArray[np.float64],
    angle: Column | float | None = None,
    spread: float = 0.3,
) -> Nuclei:
    """Return nuclei of one cell type at `places`, each a little different.

    Parameters
    ----------
    rng : numpy.random.Generator
    kind : str
        A key of `KINDS`.
    places : (n, 2) float
        x and y in um.
    angle : (n,) float, optional
        Long axis in radians; random if not given.
    spread : float
        Standard deviation of the angle around `angle`, radians.
    """
    n = len(places)
    mean = KINDS[kind]
    around = rng.uniform(0, np.pi, n) if angle is None else angle + rng.normal(0, spread, n)
    in_focus = np.clip(rng.normal(1, 0.28, n), 0.3, 1.6)
    return Nuclei(
        x=places[:, 0],
        y=places[:, 1],
        length=mean.length * np.exp(rng.normal(0, 0.16, n)),
        width=mean.width * np.exp(rng.normal(0, 0.14, n)),
        angle=np.asarray(around, float),
        density=mean.density * in_focus,
        vesicular=np.clip(mean.vesicular + rng.normal(0, 0.22, n), 0, 1),
    )


def draw_nuclei(
    nuclei: Nuclei, shape: tuple[int, int], mpp: float, rng: np.random.Generator
) -> tuple[Field, Field]:
    """Draw nuclei on an empty canvas.

    Returns
    -------
    chromatin : (h, w) float32
        Haematoxylin concentration.
    cover : (h, w) float32
        How much of each pixel is nucleus, 0 to 1.
    """
    chromatin, cover = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    shapes = _Shapes.draw(rng, len(nuclei.x))
    for group in _by_size(nuclei):
        _draw_group(nuclei.take(group), shapes.take(group), mpp, chromatin, cover)
    return chromatin, cover


class _Shapes(NamedTuple):
    """What makes each one irregular; `chromatin` is where in the tile its clumps are."""

    harmonics: NDArray[np.float32]
    bend: NDArray[np.float32]
    blur: NDArray[np.float32]
    chromatin: NDArray[np.int_]

    @classmethod
    def draw(cls, rng: np.random.Generator, n: int) -> "_Shapes":
        return cls(
            (rng.normal(0, 1, (n, 4)) * (0.12, 0.12, 0.07, 0.07)).astype(np.float32),
            rng.normal(0, 0.10, n).astype(np.float32),
            (0.3 + 0.5 * rng.beta(1.2, 3.0, n)).astype(np.float32),
            rng.integers(0, _TILE_PX, (n, 2)),
        )

    def take(self, index: NDArray[np.intp]) -> "_Shapes":
        return _Shapes(
            self.harmonics[index], self.bend[index], self.blur[index], self.chromatin[index]
        )


def _by_size(nuclei: Nuclei) -> list[NDArray[np.intp]]:
    """Group nuclei so that a few long ones do not make every patch large."""
    long = nuclei.length > 9.5
    return [group for group in (np.flatnonzero(~long), np.flatnonzero(long)) if len(group)]


def _draw_group(
    nuclei: Nuclei, shapes: _Shapes, mpp: float, chromatin: Field, cover: Field
) -> None:
    half = int(np.ceil((nuclei.length.max() * 0.62 + 1) / mpp))
    column = np.floor(nuclei.x / mpp).astype(int) - half
    row = np.floor(nuclei.y / mpp).astype(int) - half
    offsets = (np.arange(2 * half + 1) + 0.5) * mpp
    dx = (offsets + (column * mpp - nuclei.x)[:, None]).astype(np.float32)[:, None, :]
    dy = (offsets + (row * mpp - nuclei.y)[:, None]).astype(np.float32)[:, :, None]
    inside, value = _patches(nuclei, shapes, dx, dy, mpp)
    for k in range(len(row)):
        _paste(chromatin, value[k], row[k], column[k], add=True)
        _paste(cover, inside[k], row[k], column[k], add=False)


def _patches(
    nuclei: Nuclei, shapes: _Shapes, dx: Field, dy: Field, mpp: float
) -> tuple[Field, Field]:
    """Return coverage and chromatin of each nucleus, (n, p, p)."""
    c, s, a, b, density, vesicular = (
        np.asarray(v, np.float32)[:, None, None]
        for v in (
            np.cos(nuclei.angle),
            np.sin(nuclei.angle),
            nuclei.length / 2,
            nuclei.width / 2,
            nuclei.density,
            nuclei.vesicular,
        )
    )
    u = (dx * c + dy * s) / a
    v = (dy * c - dx * s) / b
    v = v + shapes.bend[:, None, None] * (a / b) * (u * u - 0.4)
    r2 = u * u + v * v
    h = shapes.harmonics[:, :, None, None]
    wobble = (
        h[:, 0] * (u * u - v * v)
        + h[:, 1] * u * v
        + h[:, 2] * u * (u * u - 3 * v * v)
        + h[:, 3] * v * (3 * u * u - v * v)
    ) / (1 + r2 * np.sqrt(r2))
    depth = (1.0 - np.sqrt(r2) + wobble) * np.sqrt(a * b)
    edge = np.maximum(shapes.blur, 0.6 * mpp)[:, None, None]
    inside = np.clip(depth / (2 * edge) + 0.5, 0, 1)
    rim = line(depth - 0.55, 0.9)
    clumps = _chromatin_at(shapes.chromatin, dx, dy)
    even = 1.0 + 0.35 * clumps
    open_ = 0.68 + 0.55 * rim + 0.5 * np.maximum(clumps, -0.8)
    value = inside * density * np.maximum(even + vesicular * (open_ - even), 0.05)
    return inside, value


def _chromatin_at(start: NDArray[np.int_], dx: Field, dy: Field) -> Field:
    tile = _chromatin_tile()
    column = (np.floor(dx / _TILE_UM).astype(int) + start[:, :1, None]) % _TILE_PX
    row = (np.floor(dy / _TILE_UM).astype(int) + start[:, 1:, None]) % _TILE_PX
    return tile[row, column]


@lru_cache(maxsize=1)
def _chromatin_tile() -> Field:
    """One periodic field of clumps; each nucleus looks at another part of it."""
    rng = np.random.default_rng(7)
    return noise(rng, (_TILE_PX, _TILE_PX), 1.3 / _TILE_UM, octaves=2)


def _paste(canvas: Field, patch: Field, row: int, column: int, *, add: bool) -> None:
    """Add a patch to the canvas, or keep the larger of both; what lies outside is cut."""
    top, left = max(row, 0), max(column, 0)
    bottom = min(row + patch.shape[0], canvas.shape[0])
    right = min(column + patch.shape[1], canvas.shape[1])
    if bottom <= top or right <= left:
        return
    piece = patch[top - row : bottom - row, left - column : right - column]
    window = canvas[top:bottom, left:right]
    if add:
        window += piece * (1.0 - 0.5 * np.minimum(window, 1.0))
    else:
        np.maximum(window, piece, out=window)
