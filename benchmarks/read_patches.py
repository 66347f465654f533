"""How long a random 512 px patch of a JPEG SVS takes: OpenSlide, tifffile's zarr store and ours.

    python benchmarks/read_patches.py [SLIDE] [--patches N]

"Decoding every time" switches the tile caches of OpenSlide and of ours off (tifffile's store has
none), "with cache" leaves both as they are by default.
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openslide
import tifffile
import zarr

from napari_ggs.slides import open_slide
from napari_ggs.slides.cache import TileCache
from napari_ggs.slides.pyramid import Pyramid
from napari_ggs.slides.tiff import TiffBackend

SLIDE = Path(__file__).parents[2] / "shared/data/slides/CMU-1-Small-Region.svs"
SIDE = 512
Read = Callable[[int, int], object]


def readers(path: Path) -> dict[str, Read]:
    """The ways to read a patch whose top-left corner is x, y."""
    bare, cached = openslide.OpenSlide(path), openslide.OpenSlide(path)
    bare.set_cache(openslide.OpenSlideCache(0))
    store = zarr.open(tifffile.imread(path, aszarr=True, level=0), mode="r")
    ours = Pyramid(TiffBackend(path), TileCache(0), path.name)
    slide = open_slide(path)
    return {
        "OpenSlide, decoding every time": lambda x, y: _openslide(bare, x, y),
        "tifffile's zarr store": lambda x, y: store[y : y + SIDE, x : x + SIDE],
        "ours, decoding every time": lambda x, y: ours.region(0, x, y, SIDE, SIDE),
        "OpenSlide, with cache": lambda x, y: _openslide(cached, x, y),
        "ours, with cache": lambda x, y: slide.read(x, y, SIDE, SIDE),
        "ours, with cache, through zarr": lambda x, y: slide.levels[0][y : y + SIDE, x : x + SIDE],
    }


def _openslide(handle: openslide.OpenSlide, x: int, y: int) -> np.ndarray:
    return np.asarray(handle.read_region((x, y), 0, (SIDE, SIDE)))[..., :3]


def milliseconds(read: Read, places: np.ndarray, threads: int) -> tuple[float, float]:
    """Milliseconds of wall clock and of processor time for each patch."""
    with ThreadPoolExecutor(threads) as pool:
        wall, processor = time.perf_counter(), time.process_time()
        for _ in pool.map(lambda place: read(int(place[0]), int(place[1])), places):
            pass
        spent = time.perf_counter() - wall, time.process_time() - processor
    return spent[0] / len(places) * 1000, spent[1] / len(places) * 1000


def main() -> None:
    """Print a table: wall clock with one and two threads, processor time with one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slide", nargs="?", type=Path, default=SLIDE)
    parser.add_argument("--patches", type=int, default=200)
    arguments = parser.parse_args()
    with open_slide(arguments.slide) as slide:
        limits = slide.width - SIDE, slide.height - SIDE
    places = np.random.default_rng(0).integers(0, limits, (arguments.patches, 2))
    print(f"{arguments.slide.name}: ms for each of {len(places)} random {SIDE} px patches")
    print(f"{'':34}{'1 thread':>10}{'2 threads':>11}{'processor':>11}")
    for name, read in readers(arguments.slide).items():
        (one, processor), (two, _) = (milliseconds(read, places, threads) for threads in (1, 2))
        print(f"{name:34}{one:10.2f}{two:11.2f}{processor:11.2f}")


if __name__ == "__main__":
    main()
