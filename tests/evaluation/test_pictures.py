"""Pictures show what they are given: curves pass through the points, cells carry the counts."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imread

from napari_ggs.evaluation import Comparison, precision_recall, reliability, roc, roc_band
from napari_ggs.evaluation.drawing import save
from napari_ggs.evaluation.pictures import (
    confusion_picture,
    precision_recall_picture,
    reliability_picture,
    roc_picture,
)


def texts(figure: Figure) -> str:
    figure.draw_without_rendering()
    return " ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))


def test_a_precision_recall_picture_steps_down_monotonely_to_the_highest_recall() -> None:
    truth = [(0, 0, 10), (100, 0, 10), (200, 0, 10)]
    found = [(0, 0, 10), (500, 0, 10), (100, 0, 10)]
    curve = precision_recall([Comparison.of(truth, found, [0.9, 0.8, 0.7])])
    nothing = precision_recall([Comparison.of(truth, [], [])])
    figure = precision_recall_picture({"detector": curve, "none": nothing})
    x, y = figure.axes[0].lines[0].get_data()
    np.testing.assert_allclose(x, [0, 1 / 3, 1 / 3, 2 / 3])
    np.testing.assert_allclose(y, [1, 1, 2 / 3, 2 / 3])
    assert "detector: AP50" in texts(figure)
    assert "n = 3" in texts(figure)


def test_a_roc_picture_shows_curves_and_bands() -> None:
    good, fair = roc([1, 1, 0, 0], [4, 3, 2, 1]), roc([1, 1, 0, 0], [4, 1, 3, 2])
    figure = roc_picture({"ensemble": good, "folds": roc_band([good, fair])})
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_ydata(), good.true_positive_rate)
    assert len(figure.axes[0].collections) == 1
    assert "ensemble: AUC 1.000, n = 2 vs 2" in texts(figure)
    assert "folds: AUC 0.750 ± 0.354, 2 folds" in texts(figure)


def test_a_confusion_picture_has_counts_shares_and_totals() -> None:
    shown = texts(confusion_picture(np.array([[3, 1], [0, 0]]), ["normal", "obsolescent"]))
    assert "3\n75 %" in shown
    assert "normal\n(n = 4)" in shown
    assert "obsolescent\n(n = 0)" in shown


def test_a_reliability_picture_names_the_calibration_error() -> None:
    found = reliability([0.9, 0.9, 0.4], [True, False, False])
    shown = texts(reliability_picture(found))
    assert f"Expected calibration error {found.error:.3f}, n = 3" in shown


def test_a_picture_is_saved_fine_enough_to_print(tmp_path) -> None:
    figure = confusion_picture(np.eye(5, dtype=int), ["normal"] * 5)
    height, width = imread(save(figure, tmp_path / "confusion.png")).shape[:2]
    assert width >= 300 * 3.5
    assert height >= 300 * 3
