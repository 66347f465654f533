"""Training windows: fields of tissue shown at a random place, angle, size and appearance."""

import math
from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray

from napari_ggs.circles import Array, inside
from napari_ggs.detection.targets import Targets, collate, encode
from napari_ggs.training.augment import Images, appearance
from napari_ggs.training.circles_data import Field, outside
from napari_ggs.training.detection_pixels import FINE
from napari_ggs.training.detection_places import Patch, Places, Shares
from napari_ggs.training.recipe import Augmentation

CUT = 0.1
"""A glomerulus is whole in a window if it reaches no more than this share of its radius out."""

LAYERS = 4
"""Up to so many fields share a window: one fills what lies beyond the edge of another."""


class Window(NamedTuple):
    """One training image.

    Attributes
    ----------
    image : ndarray of uint8, shape (px, px, 3)
    circles, ignored : ndarray, shape (k, 3)
        Glomeruli to find, and circles that teach nothing, in px of the image.
    """

    image: Images
    circles: Array
    ignored: Array


class Windows:
    """An endless stream of training batches, the same for one seed wherever it is started.

    Parameters
    ----------
    sources : sequence of sequence of Field
        Fields that belong together.
    weights : sequence of float
        How often each source comes, relative to the others.
    px : int
        Side of the windows. They show `FINE` px of a field per px.
    augmentation : Augmentation
    shares : Shares
    seed : int
    """

    def __init__(
        self,
        sources: Sequence[Sequence[Field]],
        weights: Sequence[float],
        px: int,
        augmentation: Augmentation,
        shares: Shares,
        seed: int,
    ) -> None:
        self.sources = [list(fields) for fields in sources]
        self.odds = np.asarray(weights, dtype=float) / np.sum(weights)
        self.places = [Places(fields, shares) for fields in self.sources]
        self.px = px
        self.augmentation = augmentation
        self.seed = seed

    def batch(self, step: int, size: int) -> tuple[Images, Targets]:
        """Images (size, px, px, 3) of one step and what the network should say."""
        rng = np.random.default_rng([self.seed, step])
        windows = [self.window(rng) for _ in range(size)]
        images = appearance(np.stack([w.image for w in windows]), rng, self.augmentation)
        targets = [encode(w.circles, w.ignored, self.px, self.px) for w in windows]
        return images, collate(targets)

    def window(self, rng: Generator) -> Window:
        """Draw one window, before its appearance is varied."""
        places = self.places[rng.choice(len(self.sources), p=self.odds)]
        zoom = math.exp(rng.uniform(*np.log(self.augmentation.zoom)))
        side = math.ceil(self.px * FINE / zoom * math.sqrt(2)) + 4
        reach = 0.45 * self.px * FINE / zoom
        layers = [places.draw(rng, reach, side) for _ in range(rng.integers(1, LAYERS + 1))]
        seen = next((i for i in reversed(range(len(layers))) if layers[i].fills), 0)
        patches = [layer.patch() for layer in layers[seen:]]
        return _turned(reduce(_filled, patches), self.px, zoom, rng)


def _filled(back: Patch, front: Patch) -> Patch:
    """Lay one patch over another; circles of the back that are partly covered teach nothing."""
    left, top, right, bottom = front.shown
    rows, columns = slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0))
    image = back.image.copy()
    image[rows, columns] = front.image[rows, columns]
    free = outside(back.circles, front.shown)
    unsure = np.concatenate([back.circles[~free], back.ignored])
    hidden = inside(unsure, front.shown)
    return Patch(
        image,
        np.concatenate([front.circles, back.circles[free]]),
        np.concatenate([front.ignored, unsure[~hidden]]),
        front.shown,
    )


def _turned(patch: Patch, px: int, zoom: float, rng: Generator) -> Window:
    """Turn, flip and scale the middle of a patch into a window."""
    angle = rng.uniform(0, 2 * math.pi)
    flip = 1.0 if rng.random() < 0.5 else -1.0
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = np.array([[cosine, -sine * flip], [sine, cosine * flip]])
    image = _sampled(patch.image, turn * px * FINE / zoom, px)
    circles = _moved(patch.circles, turn, zoom, len(patch.image), px)
    whole = inside(circles, (0, 0, px, px), CUT)
    ignored = _moved(patch.ignored, turn, zoom, len(patch.image), px)
    unsure = np.concatenate([circles[~whole], ignored])
    return Window(image, circles[whole], unsure[~outside(unsure, (0, 0, px, px))])


def _sampled(image: Images, reach: NDArray[np.float64], px: int) -> Images:
    """Sample a window around the centre of an image; `reach` holds its sides in px of the image."""
    theta = torch.zeros(1, 2, 3)
    theta[0, :, :2] = torch.from_numpy(reach / len(image))
    grid = F.affine_grid(theta, [1, 3, px * FINE, px * FINE], align_corners=False)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    fine = F.grid_sample(pixels, grid, mode="bilinear", align_corners=False)
    window = F.avg_pool2d(fine, FINE)[0].permute(1, 2, 0)
    return window.round().to(torch.uint8).contiguous().numpy()


def _moved(circles: Array, turn: NDArray[np.float64], zoom: float, side: int, px: int) -> Array:
    """Circles of a patch (side px) in px of the window."""
    scale = zoom / FINE
    centres = (circles[:, :2] - side / 2) @ turn * scale + px / 2
    return np.column_stack([centres, circles[:, 2] * scale])
