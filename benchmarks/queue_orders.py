"""How fast the error of theta falls when circles are reviewed by answer, by entropy or by chance.

    python benchmarks/queue_orders.py [--slides 500] [--circles 100] [--picture FILE.png]
    python benchmarks/queue_orders.py --phantoms FOLDER --slides 20 --batch 1

The error is the absolute difference, in percentage points, between theta after so many reviews and
the share of sclerotic glomeruli once all circles of the slide are reviewed. Slides are those of
`simulated_slides`: "calibrated", "pooled" (right over the cohort only) and "ambiguous" (a
classifier that is unsure of everything alike); or phantoms, with what the embedded models found on
them (written as benchmarks/fresh_phantoms.py does, about a minute each, unless they are there).

The queue is ranked anew after every batch. Means over slides with their 95 % intervals; the last
two columns are mean differences on the same slides (negative: the order by answer is nearer).
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review.expectations import expect
from napari_ggs.review.queue import rank
from simulated_slides import Simulated, ambiguous, share_sclerotic, simulate

ORDERS = ("answer", "entropy", "chance")
ANY = Thresholds(detection=0.0)
STEPS = 9


def simulated(world: str, slides: int, circles: int) -> Iterator[Simulated]:
    """Slides of one world."""
    for seed in range(slides):
        rng = np.random.default_rng(seed)
        if world == "ambiguous":
            yield ambiguous(rng, circles)
        else:
            yield simulate(rng, circles, pooled=world == "pooled")


def phantoms(folder: Path, slides: int) -> Iterator[Simulated]:
    """Phantom slides with the circles that the embedded models found, and what these really are."""
    from fresh_phantoms import analysed, phantom
    from napari_ggs.batch import Settings
    from napari_ggs.evaluation import true_classes
    from napari_ggs.files import make_folder

    settings, out = Settings.load(), make_folder(folder)
    for number in range(slides):
        result = analysed(phantom(number, out), settings)
        truth = true_classes(result.without, result.truth["label"]).astype(object)
        sure = (result.without.scores >= settings.thresholds.detection) & (truth != "")
        yield Simulated(result.rows[sure].reset_index(drop=True), truth[sure], np.nan)


def errors(slide: Simulated, order: str, batch: int, rng: np.random.Generator) -> list[float]:
    """The error of theta at each step, in percentage points."""
    truth, table = share_sclerotic(slide.truth), slide.table.copy()
    sequence, found = rng.permutation(len(table)), []
    for step in range(STEPS):
        found.append(100 * abs(expect(table, GGS, ANY).theta - truth))
        ranked = rank(table, GGS, ANY, order) if order != "chance" else sequence[step * batch :]
        table.loc[ranked[:batch], "label"] = slide.truth[ranked[:batch]]
    return found


def run(slides: Iterable[Simulated], batch: int) -> dict[str, np.ndarray]:
    """Errors by order, each of shape (slides, steps); slides without glomeruli are left out."""
    found: dict[str, list[list[float]]] = {order: [] for order in ORDERS}
    for number, slide in enumerate(slides):
        if np.isnan(share_sclerotic(slide.truth)):
            continue
        for order in ORDERS:
            found[order].append(errors(slide, order, batch, np.random.default_rng([number, 1])))
    return {order: np.array(values) for order, values in found.items()}


def mean(values: np.ndarray) -> str:
    """A mean with its interval."""
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.2f} ({values.mean() - half:.2f} to {values.mean() + half:.2f})"


def table_of(found: dict[str, np.ndarray], batch: int) -> pd.DataFrame:
    """One row for each step."""
    rows = []
    for i in range(STEPS):
        row = {"reviewed": i * batch, **{order: mean(found[order][:, i]) for order in ORDERS}}
        for other in ORDERS[1:]:
            row[f"answer - {other}"] = mean((found["answer"] - found[other])[:, i])
        rows.append(row)
    return pd.DataFrame(rows)


def draw(worlds: dict[str, dict[str, np.ndarray]], batch: int, path: Path) -> None:
    """Plot mean errors against the number of reviews."""
    figure, steps = Figure(figsize=(4.5 * len(worlds), 4), layout="constrained"), np.arange(STEPS)
    axes = figure.subplots(1, len(worlds), squeeze=False)[0]
    for one, (name, found) in zip(axes, worlds.items(), strict=True):
        for order, values in found.items():
            half = 1.96 * values.std(axis=0, ddof=1) / np.sqrt(len(values))
            one.errorbar(steps * batch, values.mean(axis=0), half, label=f"by {order}", capsize=3)
        one.set(title=name, xlabel="circles reviewed", ylabel="error of theta (points)")
        one.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Print a table for each world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slides", type=int, default=500)
    parser.add_argument("--circles", type=int, default=100)
    parser.add_argument("--batch", type=int, default=5)
    parser.add_argument("--phantoms", type=Path)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    start, worlds = time.perf_counter(), {}
    for name in ("calibrated", "pooled", "ambiguous") if given.phantoms is None else ("phantoms",):
        slides = (
            simulated(name, given.slides, given.circles)
            if given.phantoms is None
            else phantoms(given.phantoms, given.slides)
        )
        worlds[name] = run(slides, given.batch)
        print(f"{name}, {len(worlds[name]['answer'])} slides")
        print(table_of(worlds[name], given.batch).to_string(index=False))
    if given.picture:
        draw(worlds, given.batch, given.picture)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
