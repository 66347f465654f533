"""Fields drawn as phantoms. Imports little, since every process that draws imports it."""

import hashlib
import importlib.resources
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from napari_ggs.circles import as_circles
from napari_ggs.files import make_folder, replacing
from napari_ggs.phantom import PhantomSlide
from napari_ggs.training.circles_data import Field
from napari_ggs.training.detection_data import PhantomFields
from napari_ggs.training.detection_pixels import InMemory
from napari_ggs.training.processes import in_processes


def phantom_fields(
    source: PhantomFields, mpp: float, progress: Callable[[int, int], None]
) -> list[Field]:
    """Draw phantom slides, in all processors at once; drawn ones are kept in the user's cache."""
    seeds = range(source.seed, source.seed + source.slides)
    folder = make_folder(user_cache_path("napari-ggs", ensure_exists=True) / "fields")
    key = _fingerprint(source, mpp)
    paths = [folder / f"{key}-{seed}.npz" for seed in seeds]
    jobs = [
        (seed, source.side_um, outline, mpp, path)
        for seed, outline, path in zip(seeds, cycle(source.outlines), paths, strict=False)
        if not path.is_file()
    ]
    for _ in in_processes(draw_field, jobs, progress):
        pass
    return [_load(path, f"phantom-{seed}") for seed, path in zip(seeds, paths, strict=True)]


def draw_field(seed: int, side_um: float, outline: Any, mpp: float, path: Path) -> None:
    """Draw one phantom slide at `mpp` and write its pixels and circles to an .npz file."""
    slide = PhantomSlide(side_um, side_um, mpp=mpp, seed=seed, outline=outline)
    truth = slide.truth
    circles = as_circles(truth[["x", "y", "radius"]].to_numpy() if len(truth) else [])
    cut = truth["cut"].to_numpy(dtype=bool) if len(truth) else np.zeros(0, dtype=bool)
    image = slide.render(0, 0, slide.width, slide.height)
    mimics = slide.mimics[["x", "y", "radius"]].to_numpy(dtype=float)
    parts = {"circles": circles[~cut], "ignored": circles[cut], "negatives": mimics}
    with replacing(path) as temporary:
        np.savez_compressed(temporary, image=image, **parts)


def _load(path: Path, name: str) -> Field:
    with np.load(path) as kept:
        parts = (kept[part] for part in ("circles", "ignored", "negatives"))
        return Field(name, InMemory(kept["image"]), *parts)


def _fingerprint(source: PhantomFields, mpp: float) -> str:
    """Changes with whatever changes the pixels of a slide: its settings and the code."""
    package = Path(str(importlib.resources.files("napari_ggs")))
    code = [*sorted(package.glob("phantom/*.py")), Path(__file__)]
    parts = [f"{source.side_um} {source.outlines} {source.seed} {mpp}".encode()]
    parts += [file.read_bytes() for file in code]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]
