"""All figures of speed that are compared with peers or limits, in one run: JSON and a table.

    OMP_NUM_THREADS=2 python benchmarks/all_speed.py --out speed.json [--only NAME ...]

Each benchmark runs in a process of its own, one after another; on 2 quiet cores it takes ten
minutes, half of them the published way. Peers that are not installed are left out and named
(``python -m pip install tiffslide napari-wsi``).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import Figure, tell
from napari_ggs.phantom import PhantomSlide, write_slide

HERE = Path(__file__).parent
SLIDE = "SLIDE"
BENCHMARKS = {
    "start": ["start_up.py"],
    "reading a real slide": ["read_patches.py"],
    "reading a phantom": ["read_patches.py", SLIDE],
    "engines": ["engines.py"],
    "whole slide": ["whole_slide.py", SLIDE],
    "memory": ["memory_and_scaling.py"],
    "viewer": ["pan_and_zoom.py", SLIDE],
}


def figures_of(name: str, slide: Path) -> list[Figure]:
    """Run a benchmark and read its figures."""
    script, *rest = BENCHMARKS[name]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        words = [str(slide) if word == SLIDE else word for word in rest]
        print(f"\n{name}", flush=True)
        subprocess.run([sys.executable, HERE / script, *words, "--out", out], check=True)
        rows = json.loads(out.read_text(encoding="utf-8"))
    return [
        Figure(f"{name}: {row.pop('what')}", **{k: row[k] for k in row if k != "met"})
        for row in rows
    ]


def main() -> None:
    """Run all, or some."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--slide", type=Path, help="instead of the phantom of 15 x 12 mm")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        slide = given.slide or Path(folder) / "phantom.svs"
        if not slide.exists():
            write_slide(PhantomSlide(15_000, 12_000, mpp=0.25, seed=7), slide)
        found = [figure for name in given.only for figure in figures_of(name, slide)]
    print(f"\nall, begun at a load of {load:.1f}")
    tell(found, given.out)


if __name__ == "__main__":
    main()
