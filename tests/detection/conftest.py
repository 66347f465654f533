"""A real network, trained for seconds on drawn discs, and slides of discs to find."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from napari_ggs.detection import CircleNet, Detector
from napari_ggs.detection.losses import losses
from napari_ggs.detection.targets import collate, encode
from napari_ggs.tensors import as_input

MPP = 4.0
GREY, PINK, PURPLE = (243, 243, 243), (225, 170, 205), (120, 40, 120)

Drawing = tuple[NDArray[np.uint8], NDArray[np.float64]]


def draw(circles: NDArray[np.float64], height: int, width: int) -> NDArray[np.uint8]:
    """Purple discs on pink tissue."""
    image = np.full((height, width, 3), PINK, dtype=np.uint8)
    y, x = np.mgrid[:height, :width] + 0.5
    for cx, cy, radius in circles:
        image[(x - cx) ** 2 + (y - cy) ** 2 <= radius**2] = PURPLE
    return image


def scatter(
    rng: Generator, number: int, side: float, low: float, high: float
) -> NDArray[np.float64]:
    """Circles that lie apart and within a square."""
    kept: list[tuple[float, float, float]] = []
    for _ in range(50 * number):
        radius = rng.uniform(low, high)
        x, y = rng.uniform(radius, side - radius, 2)
        if all(np.hypot(x - a, y - b) > 1.2 * (radius + r) for a, b, r in kept):
            kept.append((x, y, radius))
        if len(kept) == number:
            break
    return np.array(kept)


@pytest.fixture(scope="session")
def detector() -> Detector:
    """Finds purple discs of 40 to 120 um radius; 4 um/px."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = CircleNet("test_efficientnet", width=16)
    found = Detector(network, MPP, (0.5,) * 3, (0.5,) * 3, input_px=256, max_radius_um=160.0)
    rng = np.random.default_rng(0)
    steps, rate = 80, 1e-2
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = rate * (1 - step / steps)
        truth = [scatter(rng, 3, 96, 8, 28) for _ in range(8)]
        images = np.stack([draw(circles, 96, 96) for circles in truth])
        targets = collate([encode(circles, [], 96, 96) for circles in truth])
        pixels = as_input(images, found.mean, found.std)
        loss = losses(network.train()(pixels), targets).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    network.eval()
    return found


@pytest.fixture(scope="session")
def write(tmp_path_factory: pytest.TempPathFactory) -> Callable[[NDArray[np.uint8], float], Path]:
    """Write an image as a tiled TIFF with its microns per pixel."""
    folder = tmp_path_factory.mktemp("slides")

    def written(image: NDArray[np.uint8], mpp: float) -> Path:
        path = folder / f"{len(list(folder.iterdir()))}.tif"
        tifffile.imwrite(
            path,
            image,
            tile=(256, 256),
            photometric="rgb",
            compression="zlib",
            resolution=(1e4 / mpp, 1e4 / mpp),
            resolutionunit="CENTIMETER",
        )
        return path

    return written
