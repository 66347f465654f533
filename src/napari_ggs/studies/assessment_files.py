"""Tables and pictures of a study, written to a folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from napari_ggs.evaluation import (
    PROTOCOLS,
    Answers,
    ClassFigures,
    Comparison,
    Estimate,
    Reliability,
    Roc,
    at_threshold,
    average_precision,
    class_figures,
    confusion_table,
    precision_recall,
    rate,
    table_of,
    write_table,
)
from napari_ggs.evaluation.drawing import save
from napari_ggs.evaluation.pictures import (
    confusion_picture,
    precision_recall_picture,
    reliability_picture,
    roc_picture,
)
from napari_ggs.evaluation.rotation import LEAST_SCORE
from napari_ggs.evaluation.tables import NUMBERS
from napari_ggs.files import make_folder

FALSE_PER_MM2 = "false circles per mm2 of tissue"
"""A rate; its n is the number of false circles, its interval exact (Poisson)."""


def write_detection(
    arms: Mapping[str, Sequence[Comparison]],
    threshold: float,
    folder: Path,
    consistency: Estimate | None = None,
    tissue_mm2: float | None = None,
) -> pd.DataFrame:
    """Write ``detection`` (.csv, .md) and ``precision_recall.png``.

    Parameters
    ----------
    arms : mapping of str to sequence of Comparison
        What is compared on the same images, by name: without and with the filter, say.
    threshold : float
        Detection score of the figures at one threshold.
    consistency : Estimate, optional
        The detector's consistency under rotation, at `rotation.LEAST_SCORE`.
    tissue_mm2 : float, optional
        Area of the tissue on all images: then false circles are also told per mm2 of it.

    Returns
    -------
    DataFrame
        Columns ``arm``, ``protocol``, ``figure``, ``value``, ``low``, ``high``, ``n``: AP under
        every protocol, then the figures at the threshold.
    """
    parts = [_detection(name, images, threshold, tissue_mm2) for name, images in arms.items()]
    if consistency:
        figure = {"rotation consistency": consistency}
        parts.insert(1, table_of(figure, arm=next(iter(arms)), protocol=_at(LEAST_SCORE)))
    table = pd.concat(parts)
    write_table(table, folder / "detection")
    curves = {name: precision_recall(images) for name, images in arms.items()}
    save(precision_recall_picture(curves), folder / "precision_recall.png")
    return table


def _detection(
    arm: str, images: Sequence[Comparison], threshold: float, tissue_mm2: float | None
) -> pd.DataFrame:
    tables = [
        table_of(average_precision(images, protocol).figures(), arm=arm, protocol=protocol.name)
        for protocol in PROTOCOLS.values()
    ]
    point = at_threshold(images, threshold)
    figures = point.figures()
    if tissue_mm2 is not None:
        figures[FALSE_PER_MM2] = rate(point.false, tissue_mm2)
    tables.append(table_of(figures, arm=arm, protocol=_at(threshold)))
    return pd.concat(tables)


def _at(threshold: float) -> str:
    return f"score >= {threshold:g}"


def write_classes(answers: Answers, folder: Path) -> ClassFigures:
    """Write ``classification`` and ``confusion`` (.csv, .md), and their pictures.

    Pictures: ``confusion.png``, ``reliability.png`` and ``roc.png``, a curve for each score that
    has positive and negative examples.
    """
    found = class_figures(answers)
    write_table(table_of(found.figures()), folder / "classification")
    defined = [name for name, area in found.auc.items() if area.value >= 0]
    curves = {name: answers.roc(name) for name in defined}
    draw_classes(found, answers.reliability(), curves, folder)
    return found


def draw_classes(
    found: ClassFigures, sure: Reliability, curves: Mapping[str, Roc], folder: Path
) -> None:
    """Write ``confusion`` (.csv, .md) and the pictures of `write_classes`."""
    write_table(confusion_table(found.matrix, found.classes), folder / "confusion")
    save(confusion_picture(found.matrix, found.classes), folder / "confusion.png")
    save(reliability_picture(sure), folder / "reliability.png")
    if curves:
        save(roc_picture(curves), folder / "roc.png")


def figures_folder(path: Path) -> Path:
    """Make the folder of what is drawn for a table or a model: ``m.figures`` for ``m.json``."""
    return make_folder(path.with_name(f"{path.stem}.figures"))


def lines(table: pd.DataFrame) -> list[str]:
    """The rows of a table of figures as lines to print."""
    about = table.drop(columns=NUMBERS).itertuples(index=False)
    names = [", ".join(filter(None, row)) for row in about]
    width = max(map(len, names), default=0)
    figures = (
        Estimate(*row) for row in table[["value", "n", "low", "high"]].itertuples(index=False)
    )
    return [f"  {name:<{width}}  {one}" for name, one in zip(names, figures, strict=True)]
