"""How long a random 512 px patch of a JPEG SVS takes, against its peers and the bare decoding.

    python benchmarks/read_patches.py [SLIDE] [--patches N] [--out FILE]

Peers: OpenSlide, tiffslide (left out, and said, where it is not installed) and tifffile's zarr
store. The limit: decoding the JPEG tiles that a patch touches when their bytes are in memory
already, and doing nothing with them. "Decoding every time" switches the tile caches of OpenSlide
and of ours off (the others have none), "with cache" leaves both as they are by default.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import openslide
import tifffile
import zarr

import figures
from figures import Figure
from napari_ggs.slides import open_slide
from napari_ggs.slides.cache import TileCache
from napari_ggs.slides.pyramid import Pyramid
from napari_ggs.slides.tiff import TiffBackend

SLIDE = Path(__file__).parents[2] / "shared/data/slides/CMU-1-Small-Region.svs"
SIDE = 512
ROUNDS = 3
BARE, OURS = "bare decoding from memory", "ours, decoding every time"
OPENSLIDE = "OpenSlide, decoding every time"
Read = Callable[[int, int], object]


class Bare:
    """Decodes the tiles that a patch touches; their bytes are in memory."""

    def __init__(self, path: Path) -> None:
        with tifffile.TiffFile(path) as file:
            self._page = file.pages.first
            handle, counts = file.filehandle, self._page.databytecounts
            spans = zip(self._page.dataoffsets, counts, strict=True)
            self._data = [handle.seek(at) and handle.read(count) for at, count in spans]
            self._decode, self._tables = self._page.decode, self._page.jpegtables
        self._columns = -(-self._page.imagewidth // self._page.tilewidth)

    def __call__(self, x: int, y: int) -> None:
        """Decode what a patch at x, y takes."""
        width, height = self._page.tilewidth, self._page.tilelength
        for row in range(y // height, (y + SIDE - 1) // height + 1):
            for column in range(x // width, (x + SIDE - 1) // width + 1):
                index = row * self._columns + column
                self._decode(self._data[index], index, jpegtables=self._tables)


def readers(path: Path) -> dict[str, Read]:
    """The ways to read a patch whose top-left corner is x, y."""
    bare, cached = openslide.OpenSlide(path), openslide.OpenSlide(path)
    bare.set_cache(openslide.OpenSlideCache(0))
    store = zarr.open(tifffile.imread(path, aszarr=True, level=0), mode="r")
    ours = Pyramid(TiffBackend(path), TileCache(0), path.name)
    slide = open_slide(path)
    return {
        BARE: Bare(path),
        OURS: lambda x, y: ours.region(0, x, y, SIDE, SIDE),
        OPENSLIDE: lambda x, y: _openslide(bare, x, y),
        **_tiffslide(path),
        "tifffile's zarr store": lambda x, y: store[y : y + SIDE, x : x + SIDE],
        "OpenSlide, with cache": lambda x, y: _openslide(cached, x, y),
        "ours, with cache": lambda x, y: slide.read(x, y, SIDE, SIDE),
        "ours, with cache, through zarr": lambda x, y: slide.levels[0][y : y + SIDE, x : x + SIDE],
    }


def _openslide(handle: openslide.OpenSlide, x: int, y: int) -> np.ndarray:
    return np.asarray(handle.read_region((x, y), 0, (SIDE, SIDE)))[..., :3]


def _tiffslide(path: Path) -> dict[str, Read]:
    if not find_spec("tiffslide"):
        print("tiffslide is left out: it is not installed (pip install tiffslide)")
        return {}
    import tiffslide

    handle = tiffslide.TiffSlide(path)
    return {"tiffslide": lambda x, y: handle.read_region((x, y), 0, (SIDE, SIDE), as_array=True)}


def milliseconds(read: Read, places: np.ndarray, threads: int) -> float:
    """Milliseconds of wall clock for each patch."""
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        for _ in pool.map(lambda place: read(int(place[0]), int(place[1])), places):
            pass
        return (time.perf_counter() - start) / len(places) * 1000


def measured(path: Path, patches: int, threads: int) -> dict[str, float]:
    """The best of some rounds for each reader, taken in turns: other work on the machine varies."""
    with open_slide(path) as slide:
        limits = slide.width - SIDE, slide.height - SIDE
    places = np.random.default_rng(0).integers(0, limits, (patches, 2))
    ways = readers(path)
    rounds = [
        {name: milliseconds(read, places, threads) for name, read in ways.items()}
        for _ in range(ROUNDS)
    ]
    return {name: min(each[name] for each in rounds) for name in ways}


def compared(path: Path, patches: int, threads: int) -> list[Figure]:
    """Times of one number of threads, and the two ratios that have a goal."""
    times, words = measured(path, patches, threads), f"{threads} thread{'s' * (threads > 1)}"
    return [
        *(Figure(f"{name}, {words}", value, "ms") for name, value in times.items()),
        Figure(f"OpenSlide / ours, {words}", times[OPENSLIDE] / times[OURS], "times", 4),
        Figure(f"ours / bare decoding, {words}", times[OURS] / times[BARE], "times", None, 1.25),
    ]


def main() -> None:
    """Print and write the figures of one thread and of two."""
    parser = figures.parser(__doc__)
    parser.add_argument("slide", nargs="?", type=Path, default=SLIDE)
    parser.add_argument("--patches", type=int, default=200)
    given = parser.parse_args()
    found = [f for threads in (1, 2) for f in compared(given.slide, given.patches, threads)]
    print(f"{given.slide.name}: for each of {given.patches} random {SIDE} px patches")
    figures.tell(found, given.out)


if __name__ == "__main__":
    main()
