"""Average precision of circles and precision-recall curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from napari_ggs.circles import Array
from napari_ggs.evaluation.comparing import Comparison
from napari_ggs.evaluation.estimates import RESAMPLES, Estimate, bootstrap
from napari_ggs.evaluation.matching import Fates, Overlaps, fates
from napari_ggs.evaluation.protocols import COCO, RECALL_POINTS, Protocol, SizeBand

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class AveragePrecision:
    """Circle AP under a protocol; each figure's n is its number of true circles.

    Attributes
    ----------
    protocol : str
    ap, ap50, ap75 : Estimate
    by_size : dict of str to Estimate
        By the name of the protocol's size bands ("S", "M", perhaps "L").
    """

    protocol: str
    ap: Estimate
    ap50: Estimate
    ap75: Estimate
    by_size: dict[str, Estimate]

    def figures(self) -> dict[str, Estimate]:
        """Every figure by its usual name: AP, AP50, AP75, AP_S, ..."""
        sizes = {f"AP_{name}": figure for name, figure in self.by_size.items()}
        return {"AP": self.ap, "AP50": self.ap50, "AP75": self.ap75, **sizes}


def average_precision(
    images: Sequence[Comparison],
    protocol: Protocol = COCO,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> AveragePrecision:
    """Circle AP of a set of images, with intervals over patients (or slides).

    The mean precision at 101 recall points (precision made monotone), then over the IoU
    thresholds, as COCO computes it; matching as in `napari_ggs.evaluation.matching`.

    Parameters
    ----------
    images : sequence of Comparison
        Their ``group`` says which are drawn together when the interval is computed.
    protocol : Protocol
    seed, resamples : int
        Of the bootstrap.

    Returns
    -------
    AveragePrecision
        NaN where there is no true circle to find; no intervals with fewer than five groups.

    Raises
    ------
    ValueError
        If the protocol's sizes are in microns and an image's um/px is unknown.
    """
    overlaps = [image.overlaps() for image in images]
    return from_overlaps(overlaps, protocol, seed=seed, resamples=resamples)


def from_overlaps(
    images: Sequence[Overlaps],
    protocol: Protocol = COCO,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> AveragePrecision:
    """`average_precision` of anything whose overlaps are known, such as boxes."""
    groups = [image.group for image in images]

    def figures(band: SizeBand | None) -> list[Estimate]:
        ranked = _Ranked.of([fates(image, protocol, band) for image in images], protocol)
        ns = [int(ranked.truths.sum())] * 3
        return bootstrap(ranked.figures, groups, ns, seed=seed, resamples=resamples)

    sizes = {band.name: figures(band)[0] for band in protocol.sizes}
    ap, ap50, ap75 = figures(None)
    return AveragePrecision(protocol.name, ap, ap50, ap75, sizes)


@dataclass(frozen=True)
class _Ranked:
    """The found circles of all images in score order: n of them, under t IoU thresholds."""

    image: NDArray[np.intp]
    hits: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    truths: Counts
    ious: tuple[float, ...]

    @classmethod
    def of(cls, images: Sequence[Fates], protocol: Protocol) -> "_Ranked":
        nothing = np.empty((len(protocol.ious), 0), dtype=bool)
        scores = np.concatenate([np.empty(0), *(one.scores for one in images)])
        order = np.argsort(-scores, kind="stable")
        return cls(
            np.repeat(np.arange(len(images)), [len(one.scores) for one in images])[order],
            np.concatenate([nothing, *(one.hits for one in images)], axis=1)[:, order],
            np.concatenate([nothing, *(one.counted for one in images)], axis=1)[:, order],
            np.array([one.truths for one in images], dtype=np.int64),
            protocol.ious,
        )

    def figures(self, times: Counts) -> Array:
        """AP, AP50 and AP75 if image i is there ``times[i]`` times."""
        weight, truths = times[self.image], int(self.truths @ times)
        hits = np.cumsum(self.hits * weight, axis=1)
        counted = np.cumsum(self.counted * weight, axis=1)
        each = [_interpolated(h, c, truths) for h, c in zip(hits, counted, strict=True)]
        return np.array([np.mean(each), *(self._at(iou, each) for iou in (0.5, 0.75))])

    def _at(self, iou: float, each: Sequence[float]) -> float:
        return each[int(np.argmin(np.abs(np.subtract(self.ious, iou))))]


def _interpolated(hits: Counts, counted: Counts, truths: int) -> float:
    """Mean of the monotone precision at the recall points, from running totals."""
    if truths == 0:
        return nan
    best = np.append(monotone(_share(hits, counted)), 0.0)
    return float(best[np.searchsorted(hits / truths, RECALL_POINTS, side="left")].mean())


def _share(part: Counts, whole: Counts) -> Array:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def monotone(precision: Array) -> Array:
    """The best precision at each recall or a higher one."""
    return np.maximum.accumulate(precision[::-1])[::-1]


@dataclass(frozen=True)
class PrecisionRecall:
    """A precision-recall curve: one point for each found circle that counts.

    Attributes
    ----------
    recall, precision, scores : ndarray, shape (n,)
        By falling score.
    truths : int
        True circles to find.
    average : float
        Area under it as COCO computes it (the AP at this IoU).
    iou : float
        Least overlap of a hit.
    """

    recall: Array
    precision: Array
    scores: Array
    truths: int
    average: float
    iou: float


def precision_recall(images: Sequence[Comparison], iou: float = 0.5) -> PrecisionRecall:
    """Precision and recall at every score, hits being circles with at least this IoU."""
    protocol = Protocol("", (iou,), (), "px")
    each = [fates(image.overlaps(), protocol) for image in images]
    ranked = _Ranked.of(each, protocol)
    scores = np.sort(np.concatenate([one.scores for one in each]))[::-1]
    counted, truths = ranked.counted[0], int(ranked.truths.sum())
    hits = np.cumsum(ranked.hits[0][counted])
    looked_at = np.arange(1, len(hits) + 1)
    recall = hits / truths if truths else np.full(len(hits), nan)
    average = _interpolated(hits, looked_at, truths)
    return PrecisionRecall(recall, hits / looked_at, scores[counted], truths, average, iou)
