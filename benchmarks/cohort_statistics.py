"""Can the statistics over patients be trusted? Coverage of intervals, false alarms of comparisons.

Simulated cohorts: each patient's share of sclerotic glomeruli is drawn from a beta distribution
with an intraclass correlation of .34 (REFERENCE.md section 1), with 20 to 100 glomeruli each; two
groups of patients do not differ. Beside ours: what one gets if each glomerulus is taken for itself
(Wilson's interval, Fisher's exact test).

    python benchmarks/cohort_statistics.py --cohorts 1000
"""

import argparse
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from napari_ggs.evaluation import wilson
from napari_ggs.evaluation.clustered import clustered_share, contrast

ICC, SHARE = 0.34, 0.3
FEWEST, MOST = 20, 100
PATIENTS = (10, 20, 40)
LEVEL = 0.05

Counts = tuple[NDArray[np.int64], NDArray[np.int64]]


class Outcome(NamedTuple):
    """Of one cohort: whether the intervals hold the truth, and which comparison is an alarm."""

    ours_holds: bool
    naive_holds: bool
    ours_alarms: bool
    ratio_alarms: bool
    naive_alarms: bool


def patients(rng: np.random.Generator, number: int) -> Counts:
    """Sclerotic and all glomeruli of patients."""
    size = (1 - ICC) / ICC
    n = rng.integers(FEWEST, MOST + 1, number)
    return rng.binomial(n, rng.beta(SHARE * size, (1 - SHARE) * size, number)), n


def outcome(seed: int, number: int) -> Outcome:
    """Simulate a cohort, half of it in each group."""
    k, n = patients(np.random.default_rng([seed, number]), number)
    half, ours, naive = number // 2, clustered_share(k, n), wilson(int(k.sum()), int(n.sum()))
    found = contrast(k[:half], n[:half], k[half:], n[half:], seed)
    sums = [
        [part.sum(), (of - part).sum()] for part, of in ((k[:half], n[:half]), (k[half:], n[half:]))
    ]
    return Outcome(
        ours.low <= SHARE <= ours.high,
        naive.low <= SHARE <= naive.high,
        found.p < LEVEL,
        not found.odds_ratio.low <= 1 <= found.odds_ratio.high,
        fisher_exact(sums).pvalue < LEVEL,
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=1000)
    wanted = parser.parse_args()
    print(
        "| patients | share's interval holds | each glomerulus for itself | false alarms: "
        "permutation | interval of the odds ratio | Fisher |\n|---:|---|---|---|---|---|"
    )
    for number in PATIENTS:
        found = np.array([outcome(seed, number) for seed in range(wanted.cohorts)])
        cells = (wilson(int(hits), wanted.cohorts) for hits in found.sum(axis=0))
        words = [f"{100 * c.value:.1f} % ({100 * c.low:.1f} to {100 * c.high:.1f})" for c in cells]
        print(f"| {number} | {' | '.join(words)} |", flush=True)


if __name__ == "__main__":
    main()
