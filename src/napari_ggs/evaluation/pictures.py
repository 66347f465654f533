"""The pictures of an evaluation: curves, the confusion matrix, the reliability diagram."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_ggs.circles import Array
from napari_ggs.evaluation.calibration import BINS, Reliability
from napari_ggs.evaluation.confusion import Counts
from napari_ggs.evaluation.drawing import (
    COLOURS,
    DARK,
    FAINT,
    NORMAL,
    SMALL,
    line,
    paper,
    plain,
    unit_square,
)
from napari_ggs.evaluation.estimates import wilson
from napari_ggs.evaluation.precision import PrecisionRecall, monotone
from napari_ggs.evaluation.ranking import GRID, Roc, RocBand


def precision_recall_picture(curves: Mapping[str, PrecisionRecall]) -> Figure:
    """Precision against recall, a line for each named curve; precision is made monotone."""
    figure = paper()
    axes = figure.add_subplot()
    for number, (name, curve) in enumerate(curves.items()):
        label = f"{name}: AP{100 * curve.iou:.0f} {curve.average:.3f}, n = {curve.truths}"
        best = monotone(curve.precision)
        x, y = np.append(0 * curve.recall[:1], curve.recall), np.append(best[:1], best)
        axes.step(x, y, **line(number), where="pre", label=label)
    unit_square(axes, "Recall", "Precision")
    axes.legend(loc="lower left", frameon=False, fontsize=SMALL)
    return figure


def roc_picture(curves: Mapping[str, Roc | RocBand]) -> Figure:
    """ROC curves by name; with a band of one standard deviation where there are several folds."""
    figure = paper()
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    for number, (name, curve) in enumerate(curves.items()):
        x, y = _band(axes, curve, COLOURS[number]) if isinstance(curve, RocBand) else _points(curve)
        axes.plot(x, y, **line(number), label=f"{name}: {_area(curve)}")
    unit_square(axes, "False positive rate", "True positive rate")
    axes.legend(loc="lower right", frameon=False, fontsize=SMALL)
    return figure


def _points(curve: Roc) -> tuple[Array, Array]:
    return curve.false_positive_rate, curve.true_positive_rate


def _band(axes: Axes, curve: RocBand, colour: str) -> tuple[Array, Array]:
    mean, spread = curve.true_positive_rate, np.nan_to_num(curve.deviation)
    low, high = np.clip(mean - spread, 0, 1), np.clip(mean + spread, 0, 1)
    axes.fill_between(GRID, low, high, color=colour, alpha=0.2, linewidth=0)
    return GRID, mean


def _area(curve: Roc | RocBand) -> str:
    if isinstance(curve, RocBand):
        return f"AUC {curve.auc:.3f} ± {curve.auc_deviation:.3f}, {curve.curves} folds"
    return f"AUC {curve.auc:.3f}, n = {curve.positives} vs {curve.negatives}"


def confusion_picture(matrix: Counts, classes: Sequence[str]) -> Figure:
    """A confusion matrix: counts, and by shade and in percent the share of the true class."""
    k = len(classes)
    figure = paper(1.6 + 0.62 * k, 1.2 + 0.62 * k)
    axes = figure.add_subplot()
    totals = matrix.sum(axis=1)
    shares = matrix / np.maximum(totals, 1)[:, None]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        text = f"{matrix[row, column]}\n{100 * share:.0f} %" if totals[row] else "0"
        colour = "white" if share > 0.55 else DARK
        axes.text(column, row, text, ha="center", va="center", fontsize=SMALL, color=colour)
    plain(axes, "Answer", "Truth")
    named = [f"{name}\n(n = {n})" for name, n in zip(classes, totals, strict=True)]
    axes.set_xticks(range(k), classes, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(k), named)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def reliability_picture(found: Reliability) -> Figure:
    """Share of right answers by confidence (95 % Wilson bars), and how many answers there are."""
    figure = paper(height=3.9)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    upper.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    there = found.count > 0
    upper.errorbar(
        found.confidence[there],
        found.accuracy[there],
        yerr=_bars(found.accuracy[there], found.count[there]),
        color=COLOURS[0],
        marker="o",
        markersize=4,
        linewidth=1,
        elinewidth=0.8,
    )
    plain(upper, "", "Share of right answers")
    upper.set_ylim(-0.02, 1.02)
    title = f"Expected calibration error {found.error:.3f}, n = {found.count.sum()}"
    upper.set_title(title, fontsize=NORMAL, color=DARK)
    lower.bar((np.arange(BINS) + 0.5) / BINS, found.count, width=0.9 / BINS, color=FAINT)
    plain(lower, "Confidence (probability of the answer)", "Answers")
    lower.set_xlim(-0.01, 1.01)
    return figure


def _bars(accuracy: Array, count: Counts) -> Array:
    """Lengths of the error bars, shape (2, b)."""
    each = [wilson(round(a * n), int(n)) for a, n in zip(accuracy, count, strict=True)]
    return np.array([[e.value - e.low for e in each], [e.high - e.value for e in each]])
