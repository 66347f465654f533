"""Phantom slides for the command line: what ``phantom`` and ``demo`` do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from napari_ggs import circles, console, glomeruli, phantom
from napari_ggs.batch import Settings, run_slide
from napari_ggs.exchange.table import read_csv
from napari_ggs.files import make_folder
from napari_ggs.slides import open_slide

DEMO_MIX = {
    "normal": 0.45,
    "periglomerular fibrosis": 0.1,
    "obsolescent": 0.25,
    "solidified": 0.1,
    "disappearing": 0.1,
}
"""The demo shows every class."""


def write_phantom(
    path: Path,
    width_mm: float,
    height_mm: float,
    mpp: float,
    seed: int,
    outline: Literal["wedge", "needle", "field"],
    mix: Mapping[str, float] | None = None,
) -> int:
    """Write a phantom slide and its truth; return the number of its glomeruli.

    `mix` holds the shares of the kinds of glomeruli; a slide's own mix is drawn if it is None.
    """
    kidney = phantom.PhantomSlide(
        1000 * width_mm, 1000 * height_mm, mpp=mpp, seed=seed, outline=outline, mix=mix
    )
    make_folder(path.parent)
    with console.progress(path.name) as advance:
        phantom.write_slide(kidney, path, progress=advance)
    phantom.write_truth(kidney, path.with_suffix(".truth.csv"))
    return len(kidney.truth)


def run_demo(out: Path) -> Path:
    """Make a phantom slide, analyse it, compare with its truth; return the slide."""
    slide = make_folder(out) / "phantom_kidney.svs"
    console.line(f"Writing a phantom slide of 5 x 4 mm: {slide}")
    write_phantom(slide, 5.0, 4.0, 0.5, seed=7, outline="wedge", mix=DEMO_MIX)
    console.line("Detecting and classifying")
    settings = Settings.load()
    with open_slide(slide) as opened:
        words, _ = run_slide(opened, out, settings)
        console.line(words)
    console.line(_compared(out, slide.stem, settings))
    console.line(f"The picture: {out / (slide.stem + '.png')}")
    return slide


def _compared(out: Path, stem: str, settings: Settings) -> str:
    """How the results stand to the phantom's truth."""
    truth = pd.read_csv(out / f"{stem}.truth.csv")
    table, _ = read_csv(out / f"{stem}.csv")
    found = table[glomeruli.counted(table, settings.scheme, settings.thresholds)]
    matched = circles.match(
        glomeruli.circles_of(found), glomeruli.circles_of(truth), found["detection_score"]
    )
    hit = matched >= 0
    right = found["predicted"].to_numpy()[hit] == truth["label"].to_numpy()[matched[hit]]
    return (
        f"Against the known truth: {int(hit.sum())} of {len(truth)} glomeruli found, "
        f"{int(np.sum(right))} of them in the right class, {int((~hit).sum())} false."
    )
