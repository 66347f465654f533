"""How memory and time of a run grow with the slide.

    python benchmarks/memory_and_scaling.py [--gigapixels 0.5 2 8] [--keep FOLDER] [--out FILE]

A phantom of 2 x 2 mm at 0.25 um/px, all of it tissue, is drawn once. The slides are that, repeated:
its JPEG tiles are copied as they are, so that 8 gigapixels (1.6 GB) are written in seconds. Each
slide goes through ``napari-ggs run`` in a process of its own. Peak memory is the process's resident
memory with all that it loads; time is the run's own, without the start of Python.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile

import figures
from figures import Figure
from napari_ggs.phantom import PhantomSlide, write_slide

UNIT_UM, MPP = 2048.0, 0.25
"""8192 px a side: whole tiles of 256 px down to the third level, a sixteenth as large."""


class Cost(NamedTuple):
    """What a run took: tissue in mm2, seconds, megabytes at the peak."""

    tissue: float
    seconds: float
    megabytes: float


def draw_unit(folder: Path) -> Path:
    """The phantom that is repeated."""
    path = folder / "unit.svs"
    if not path.exists():
        write_slide(PhantomSlide(UNIT_UM, UNIT_UM, mpp=MPP, seed=7, outline="field"), path)
    return path


def repeated(unit: Path, across: int, down: int, path: Path) -> Path:
    """Write a slide that is a phantom so many times beside and below itself."""
    with tifffile.TiffFile(unit) as source, tifffile.TiffWriter(path, bigtiff=True) as target:
        pages = [page for page in source.pages if page.is_tiled]
        full = f"{pages[0].imagewidth * across}x{pages[0].imagelength * down}"
        for page in pages:
            width, height = page.imagewidth * across, page.imagelength * down
            target.write(
                _tiles(page, across, down),
                shape=(height, width, 3),
                dtype=np.uint8,
                tile=(page.tilelength, page.tilewidth),
                photometric="ycbcr",
                subsampling=(2, 2),
                compression="jpeg",
                description=f"Aperio Image Library v12\r\n{full} -> {width}x{height}|MPP = {MPP}",
                metadata=None,
            )
    return path


def _tiles(page: tifffile.TiffPage, across: int, down: int) -> Iterator[bytes]:
    """Encoded tiles, row by row of the repeated level."""
    handle = page.parent.filehandle
    spans = zip(page.dataoffsets, page.databytecounts, strict=True)
    data = [handle.seek(at) and handle.read(count) for at, count in spans]
    columns = page.imagewidth // page.tilewidth
    rows = [data[at : at + columns] for at in range(0, len(data), columns)]
    return (tile for row in rows * down for tile in row * across)


def cost_of(slide: Path, folder: Path) -> Cost:
    """Run a slide in a process of its own."""
    command = [sys.executable, "-m", "napari_ggs", "run", str(slide), "--out", str(folder)]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    summary = json.loads((folder / f"{slide.stem}.json").read_text(encoding="utf-8"))
    return Cost(summary["tissue_mm2"], summary["seconds"]["total"], usage.ru_maxrss / 1e3)


def measured(gigapixels: list[float], folder: Path) -> Iterator[tuple[float, Cost]]:
    """Gigapixels that a slide truly has, and the cost of its run."""
    unit, side = draw_unit(folder), round(UNIT_UM / MPP)
    for wanted in gigapixels:
        number = wanted * 1e9 / side**2
        down = max(1, round(np.sqrt(number * 5 / 6)))
        across = max(1, round(number / down))
        slide = repeated(unit, across, down, folder / f"{wanted:g}-gigapixels.svs")
        yield across * down * side**2 / 1e9, cost_of(slide, folder)


def in_figures(costs: list[tuple[float, Cost]]) -> list[Figure]:
    """Each slide's figures, and how they grow."""
    found = []
    for size, cost in costs:
        found += [
            Figure(f"{size:.2f} gigapixels, tissue", cost.tissue, "mm2"),
            Figure(f"{size:.2f} gigapixels, time", cost.seconds, "s"),
            Figure(f"{size:.2f} gigapixels, peak memory", cost.megabytes, "MB", None, 2000),
        ]
    if len(costs) > 1:
        tissue, seconds, memory = np.array([cost for _, cost in costs]).T
        growth = float(np.polyfit(np.log(tissue), np.log(seconds), 1)[0])
        found += [
            Figure("largest peak / smallest", memory.max() / memory.min(), "times", None, 1.1),
            Figure("time grows with tissue to the power of", growth, "", None, 1.05),
        ]
    return found


def main() -> None:
    """Measure, print and write."""
    parser = figures.parser(__doc__)
    parser.add_argument("--gigapixels", type=float, nargs="+", default=[0.5, 2, 8])
    parser.add_argument("--keep", type=Path, help="keep the slides here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        costs = list(measured(given.gigapixels, folder))
    figures.tell(in_figures(costs), given.out)


if __name__ == "__main__":
    main()
