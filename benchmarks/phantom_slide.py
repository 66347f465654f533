"""Seconds and memory to write a phantom slide.

The demo's slide and the large one of the acceptance figures:

    python benchmarks/phantom_slide.py 5 4 0.5
    python benchmarks/phantom_slide.py 15 12 0.25
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

from napari_ggs.phantom import PhantomSlide, write_slide


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("width_mm", type=float)
    parser.add_argument("height_mm", type=float)
    parser.add_argument("mpp", type=float)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--outline", default="wedge")
    parser.add_argument("--keep", type=Path, help="write the slide here and keep it")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = args.keep or Path(folder) / "phantom.svs"
        wall, processor = time.perf_counter(), time.process_time()
        size = 1e3 * args.width_mm, 1e3 * args.height_mm
        phantom = PhantomSlide(*size, mpp=args.mpp, seed=args.seed, outline=args.outline)
        write_slide(phantom, path)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        megapixels = phantom.width * phantom.height / 1e6
        print(f"{phantom.width} x {phantom.height} px, {path.stat().st_size / 1e6:.0f} MB")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"{wall:.1f} s ({megapixels / wall:.1f} megapixels/s), {processor:.1f} s of processor time"
    )
    print(f"peak memory {peak:.0f} MB; {len(phantom.truth)} glomeruli")


if __name__ == "__main__":
    main()
