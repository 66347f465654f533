"""How often the two intervals of the answer hold what they are meant for.

    python benchmarks/interval_coverage.py [--slides 1000] [--circles 40 200]

*Section*: the share of sclerotic glomeruli among the circles of the slide. *Kidney*: the share in
the kidney that the slide is a sample of. Both of 95 %, with 0, 25, 50, 75 and 100 % of the circles
reviewed, in the order of the queue (ranked anew at each of these steps) and at random. Worlds:

calibrated   the probabilities are right on every slide, and the intervals take no shift
shift 1      a shift of the logit of "sclerotic" on each slide (SD 1), and the intervals know the SD
pooled       the probabilities are right over the cohort only, since sclerosis clusters by patient
             (see `simulated_slides`); the intervals take the default SD

An audit of ten random circles on a slide that nobody has reviewed gets a table of its own.

"With shift" is the section's interval by the 2.5 and 97.5 % points of the draws that the kidney's
is made of: what the section's formula leaves out. The last columns are mean widths, in percentage
points.
"""

import argparse
import time
from collections import defaultdict
from typing import NamedTuple

import numpy as np
import pandas as pd

from napari_ggs.evaluation import Estimate, wilson
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review.audit import audited, draw_audit
from napari_ggs.review.expectations import expect
from napari_ggs.review.intervals import (
    LOGIT_SHIFT_SD,
    draw,
    kidney_interval,
    section_interval,
    shifted_section_interval,
)
from napari_ggs.review.queue import rank
from simulated_slides import Simulated, share_sclerotic, simulate

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
ANY = Thresholds(detection=0.0)
ORDERS = ("queue", "random")


class World(NamedTuple):
    """How slides are spoilt, and what the interval is told of it."""

    name: str
    shift_sd: float
    pooled: bool
    told: float


WORLDS = (
    World("calibrated", 0.0, False, 0.0),
    World("shift 1", 1.0, False, 1.0),
    World("pooled", 0.0, True, LOGIT_SHIFT_SD),
)


def reviewed(slide: Simulated, order: str, rng: np.random.Generator) -> list[pd.DataFrame]:
    """The table of a slide at each step of its review."""
    tables = []
    table, sequence = slide.table.copy(), rng.permutation(len(slide.table))
    for step in STEPS:
        wanted, done = round(step * len(table)), int((table["label"] != "").sum())
        ranked = rank(table, GGS, ANY) if order == "queue" else sequence[done:]
        left = ranked[: wanted - done]
        table.loc[left, "label"] = slide.truth[left]
        tables.append(table.copy())
    return tables


def holds(interval: Estimate, value: float) -> bool:
    """Whether an interval holds a value."""
    return interval.low - 1e-9 <= value <= interval.high + 1e-9


def judge(table: pd.DataFrame, slide: Simulated, told: float) -> list[float]:
    """Whether the intervals hold (section, with shift, kidney), and their widths."""
    circles = expect(table, GGS, ANY)
    draws, found = draw(circles, told), share_sclerotic(slide.truth)
    intervals = (
        section_interval(circles),
        shifted_section_interval(circles, draws),
        kidney_interval(circles, draws),
    )
    targets = found, found, slide.kidney
    held = [holds(one, target) for one, target in zip(intervals, targets, strict=True)]
    return [*held, *(100 * (one.high - one.low) for one in intervals)]


def run(world: World, slides: int, sizes: tuple[int, int]) -> pd.DataFrame:
    """One row for each order and step."""
    results = defaultdict(list)
    for seed in range(slides):
        rng = np.random.default_rng(seed)
        slide = simulate(rng, int(rng.integers(*sizes)), world.shift_sd, world.pooled)
        for order in ORDERS if not np.isnan(share_sclerotic(slide.truth)) else ():
            for step, table in zip(STEPS, reviewed(slide, order, rng), strict=True):
                results[order, step].append(judge(table, slide, world.told))
    return pd.DataFrame([row(world, *key, np.array(found)) for key, found in results.items()])


def audit(world: World, slides: int, sizes: tuple[int, int]) -> dict[str, object]:
    """How often the interval of an audit holds the share of the section."""
    found = []
    for seed in range(slides):
        rng = np.random.default_rng(seed)
        slide = simulate(rng, int(rng.integers(*sizes)), world.shift_sd, world.pooled)
        truth, table = share_sclerotic(slide.truth), slide.table.copy()
        drawn = draw_audit(table, GGS, ANY, f"slide {seed}")
        table.loc[list(drawn.handles), "label"] = slide.truth[list(drawn.handles)]
        interval = audited(drawn, table, GGS, ANY).theta
        if not np.isnan(truth):
            found.append([holds(interval, truth), 100 * (interval.high - interval.low)])
    held, widths = np.array(found).T
    share = percent(wilson(int(held.sum()), len(held)))
    width = f"{widths.mean():.1f}"
    return {"world": world.name, "n": len(held), "audit holds": share, "width": width}


def row(world: World, order: str, step: float, found: np.ndarray) -> dict[str, object]:
    """Coverages in percent with Wilson intervals, and mean widths."""
    names = "section", "with shift", "kidney"
    held = [percent(wilson(int(column.sum()), len(column))) for column in found[:, :3].T]
    widths = [f"{width:.1f}" for width in found[:, 3:].mean(axis=0)]
    return {
        "world": world.name,
        "order": order,
        "reviewed %": round(100 * step),
        "n": len(found),
        **{f"{name} holds": value for name, value in zip(names, held, strict=True)},
        **{f"{name} width": value for name, value in zip(names, widths, strict=True)},
    }


def percent(share: Estimate) -> str:
    """A share in percent with its interval."""
    return f"{100 * share.value:.1f} ({100 * share.low:.1f} to {100 * share.high:.1f})"


def main() -> None:
    """Print the table of all worlds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slides", type=int, default=1000)
    parser.add_argument("--circles", type=int, nargs=2, default=(40, 200))
    arguments = parser.parse_args()
    start = time.perf_counter()
    tables = [run(world, arguments.slides, tuple(arguments.circles)) for world in WORLDS]
    print(pd.concat(tables).to_string(index=False))
    audits = [audit(world, arguments.slides, tuple(arguments.circles)) for world in WORLDS]
    print(pd.DataFrame(audits).to_string(index=False))
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
