"""Drawn patches that a tiny network tells apart within seconds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

KINDS = ("normal", "obsolescent", "solidified", "disappearing", "non-glomerulus")

RECIPE = """
task = "classification"
name = "drawn"
scheme = "{scheme}"
seed = 4
batch = 10
labelled_by = "a test"
notes = "Discs and stripes."
[network]
backbone = "test_efficientnet"
input_px = 64
dropout = 0.1
pretrained = false
[optimiser]
lr = 3e-3
[schedule]
stages = [{{ px = 48, epochs = 1 }}, {{ px = 64, epochs = {epochs} }}]
batches_per_epoch = {batches}
{more}
[[data]]
kind = "folder"
folder = "{folder}"
name = "drawings"
licence = "CC0-1.0"
validation = 0.34
"""


def drawing(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Open loops in a capsule, a dense ball in a ring, a filled disc, a faint one, or stripes."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    image = np.full((64, 64, 3), (225.0, 190, 215))
    distance, reach = np.hypot(x, y), rng.uniform(0.6, 0.75)
    waves = np.sin(12 * x + rng.uniform(0, 6)) > 0
    match kind:
        case "normal" | "non-sclerotic":
            image[distance < reach] = (240, 240, 240)
            image[(distance < reach) & waves] = (200, 80, 160)
        case "obsolescent":
            image[distance < reach] = (240, 220, 235)
            image[distance < 0.4] = (150, 30, 110)
        case "solidified" | "sclerotic":
            image[distance < reach] = (150, 30, 110)
        case "disappearing":
            image[distance < reach] = (195, 140, 185)
        case _:
            image[waves] = (120, 120, 190)
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def write_patches(
    folder: Path, patients: Sequence[str], kinds: Sequence[str] = KINDS, each: int = 4
) -> Path:
    """Write ``folder/patient/class/1.png`` and so on."""
    rng = np.random.default_rng(0)
    for patient in patients:
        for kind in kinds:
            (folder / patient / kind).mkdir(parents=True)
            for number in range(1, each + 1):
                path = folder / patient / kind / f"{number}.png"
                Image.fromarray(drawing(kind, rng)).save(path)
    return folder


def write_recipe(
    path: Path,
    folder: Path,
    *,
    scheme: str = "ggs",
    epochs: int = 2,
    batches: int = 12,
    more: str = "",
) -> Path:
    """Write a recipe for a tiny network; `more` are further sections."""
    path.write_text(
        RECIPE.format(
            scheme=scheme, epochs=epochs, batches=batches, more=more, folder=folder.as_posix()
        )
    )
    return path
