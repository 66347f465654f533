"""How well crops are classified whose folders are named after classes."""

import json
from collections.abc import Mapping
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_ggs import console
from napari_ggs.evaluation import (
    Answers,
    ClassFigures,
    Estimate,
    Roc,
    as_binary,
    aucs,
    bootstrap,
    class_figures,
    table_of,
)
from napari_ggs.evaluation.estimates import FEWEST_GROUPS
from napari_ggs.evaluation.sclerosis import curve
from napari_ggs.files import replacing
from napari_ggs.lesions import BINARY, NON_GLOMERULUS, Scheme, translated
from napari_ggs.models import ModelCard
from napari_ggs.studies.assessment_files import draw_classes, figures_folder, lines
from napari_ggs.studies.crops import Sorting


def write_figures(table: pd.DataFrame, known: Sorting, card: ModelCard, path: Path) -> None:
    """Compute the figures of classified crops, print them and write them as JSON, with pictures.

    They are those of the classifier's scheme or, if the folders tell no more, of sclerotic
    against non-sclerotic; then an answer is the likelier of the two, given that each crop holds
    a glomerulus, and the AUCs are still those of the scheme's own scores. Rotation consistency is
    the share of crops that get the same class when they are turned by 90 degrees. The pictures
    are in the folder that `figures_folder` names.

    Parameters
    ----------
    table : DataFrame
        ``file``, ``p_...``, ``predicted`` and ``turned``, what is predicted of the turned crop.
    known : Sorting
        Of its rows.
    card : ModelCard
        The classifier's.
    path : Path
        The JSON file to write.
    """
    labels = np.array(known.labels)
    _say_unsorted(table["file"][labels == ""], card.scheme)
    target = _as_fine_as_told(set(known.labels) - {""}, card.scheme)
    truth = np.array([translated(name, target) or "" if name else "" for name in labels])
    used = truth != ""
    patients = np.array(known.patients)[used]
    answers = _answers(table[used], truth[used], patients, card.scheme, target)
    found, curves = _measured(answers, table[used], card.scheme)
    figures = found.figures() | {"rotation consistency": _steadiness(table[used], patients)}
    with replacing(path) as scratch:
        values = _described(found, figures, table[used], known, card, target)
        scratch.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    folder = figures_folder(path)
    draw_classes(found, answers.reliability(), curves, folder)
    for line in lines(table_of(figures)):
        console.line(line)
    console.line(f"  {_intervals(found.patients, known)} All figures: {path}, pictures: {folder}")


def _intervals(patients: int, known: Sorting) -> str:
    if not known.has_patients:
        return "Intervals take each image for a patient of its own, since no folder names one."
    if patients < FEWEST_GROUPS:
        return f"There are no intervals: they need {FEWEST_GROUPS} patients, found {patients}."
    return f"Intervals are over {patients} patients."


def _say_unsorted(files: pd.Series, scheme: Scheme) -> None:
    if len(files):
        console.error(
            f"{len(files)} images lie in no folder named after a class (first {files.iloc[0]}): "
            f"the figures leave them out. Classes: {', '.join([*scheme.classes, *BINARY.classes])}."
        )


def _as_fine_as_told(labels: set[str], scheme: Scheme) -> Scheme:
    """The classifier's own scheme if every label says which of its classes is meant."""
    try:
        for name in labels:
            translated(name, scheme)
    except ValueError:
        return BINARY
    return scheme


def _answers(
    table: pd.DataFrame, truth: np.ndarray, patients: np.ndarray, scheme: Scheme, target: Scheme
) -> Answers:
    p = table[list(scheme.columns)].to_numpy()
    if target == scheme:
        return Answers.of(truth, p, scheme, patients, table["predicted"])
    return Answers.of(truth, as_binary(p, scheme), target, patients)


def _measured(
    answers: Answers, table: pd.DataFrame, scheme: Scheme
) -> tuple[ClassFigures, dict[str, Roc]]:
    """Figures and ROC curves; these are of the classifier's own scores."""
    p, truth = table[list(scheme.columns)].to_numpy(), answers.truth
    found = class_figures(answers)
    if answers.scheme != scheme:
        found = replace(found, auc=aucs(truth, p, scheme, answers.patients))
    defined = [name for name, area in found.auc.items() if area.value >= 0]
    return found, {name: curve(name, truth, p, scheme) for name in defined}


def _steadiness(table: pd.DataFrame, patients: np.ndarray) -> Estimate:
    """The share of crops whose class stays when they are turned."""
    same = (table["predicted"] == table["turned"]).to_numpy()
    [share] = bootstrap(lambda times: [np.average(same, weights=times)], patients, [len(same)])
    return share


def _described(
    found: ClassFigures,
    figures: Mapping[str, Estimate],
    table: pd.DataFrame,
    known: Sorting,
    card: ModelCard,
    target: Scheme,
) -> dict[str, Any]:
    return {
        "classifier": {"name": card.name, "sha256": card.sha256},
        "truth": target.name,
        "images": len(table),
        "patients": found.patients if known.has_patients else None,
        "predicted_non_glomerulus": int((table["predicted"] == NON_GLOMERULUS).sum()),
        "figures": {name: _plain(figure) for name, figure in figures.items()},
        "confusion": {"classes": list(found.classes), "matrix": found.matrix.tolist()},
    }


def _plain(figure: Estimate) -> dict[str, float | int | None]:
    numbers = {"value": figure.value, "low": figure.low, "high": figure.high}
    known = {name: None if isnan(number) else number for name, number in numbers.items()}
    return {**known, "n": figure.n}
