"""Synthetic slides as napari sample data."""

from dataclasses import dataclass
from pathlib import Path

import platformdirs
from napari.utils import progress

from napari_ggs import __version__
from napari_ggs.phantom import PhantomSlide, write_slide
from napari_ggs.phantom.outline import Outline
from napari_ggs.viewer.reader import LayerData, read_slide

MPP = 0.5
MIX = {"normal": 0.5, "obsolescent": 0.25, "solidified": 0.15, "disappearing": 0.1}
"""Of the classes, so that a sample shows them all."""


@dataclass(frozen=True)
class Sample:
    """A phantom slide.

    Attributes
    ----------
    name : str
        Of the slide and its layer.
    width, height : float
        In microns.
    outline : {"wedge", "needle", "field"}
    seed : int
    """

    name: str
    width: float
    height: float
    outline: Outline
    seed: int


CORE = Sample("PAS kidney phantom, core biopsy", 3600, 800, "needle", seed=5)
FIELD = Sample("PAS kidney phantom, field of cortex", 2000, 1600, "field", seed=7)


def core_biopsy() -> list[LayerData]:
    """Open a needle core."""
    return open_phantom(CORE)


def field_of_cortex() -> list[LayerData]:
    """Open a field that is all tissue."""
    return open_phantom(FIELD)


def open_phantom(sample: Sample) -> list[LayerData]:
    """Draw a phantom into the user's cache, once, and open it."""
    folder = platformdirs.user_cache_path("napari-ggs", version=__version__)
    path = folder / f"{sample.name}.svs"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _draw(sample, path)
    return read_slide(str(path))


def _draw(sample: Sample, path: Path) -> None:
    phantom = PhantomSlide(
        sample.width, sample.height, mpp=MPP, seed=sample.seed, outline=sample.outline, mix=MIX
    )
    with progress(total=100, desc=f"Drawing the {sample.name}") as bar:
        write_slide(phantom, path, progress=lambda share: bar.update(round(100 * share) - bar.n))
