"""The card of a trained classifier: what made it, and how it did on patients held out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from napari_ggs.classification import normalisation
from napari_ggs.evaluation import (
    balanced_accuracy,
    best_temperature,
    confusion,
    cross_entropy_at,
    f1_scores,
    macro_f1,
    reliability,
)
from napari_ggs.glomeruli import MARGIN_UM
from napari_ggs.models import (
    RESEARCH_ONLY,
    Architecture,
    ModelCard,
    TrainedWith,
)
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.judging import Fitted
from napari_ggs.training.origin import Origin
from napari_ggs.training.recipe import command_line
from napari_ggs.training.sources import described
from napari_ggs.training.splits import Split

Metrics = dict[str, float]


def card_of(
    fitted: Fitted,
    plan: ClassifierRecipe,
    classes: Sequence[str],
    split: Split,
    recipe: str,
    origin: Origin,
) -> ModelCard:
    """The card of a network, calibrated by one temperature on the validation patches.

    Parameters
    ----------
    fitted : Fitted
    plan : ClassifierRecipe
    classes : sequence of str
        In the order of its outputs.
    split : Split
    recipe : str
        Name of the recipe's file.
    origin : Origin
    """
    wanted = plan.network
    mean, std = normalisation(wanted.backbone)
    temperature = best_temperature(fitted.logits, fitted.truth)
    return ModelCard(
        name=plan.name,
        task="classification",
        architecture=Architecture(
            kind="classifier", backbone=wanted.backbone, parameters={"dropout": wanted.dropout}
        ),
        classes=tuple(classes),
        margin_um=MARGIN_UM,
        input_px=wanted.input_px,
        mean=mean,
        std=std,
        temperature=round(temperature, 4),
        t_glom=plan.t_glom,
        data=origin.and_data(described(source) for source in plan.data),
        labelled_by=plan.labelled_by,
        metrics=validation_metrics(fitted, classes, temperature),
        parents=origin.names,
        patients_seen=origin.and_patients(
            training=split.training.seen,
            selection=split.validation.seen,
            calibration=split.validation.seen,
        ),
        notes=notes_of(plan),
        trained_with=trained_with(recipe),
    )


def notes_of(plan: ClassifierRecipe) -> str:
    """What it is for, and what the recipe adds."""
    return f"{RESEARCH_ONLY} {plan.notes}".strip()


def trained_with(recipe: str) -> TrainedWith:
    """The recipe's name, and the command that is running."""
    return TrainedWith(recipe=recipe, command=command_line())


def validation_metrics(fitted: Fitted, classes: Sequence[str], temperature: float) -> Metrics:
    """Figures on the validation patches, which also chose the network and its temperature."""
    raw, calibrated = (softmax(fitted.logits / t, axis=1) for t in (1.0, temperature))
    figures = {
        "validation_patches": float(len(fitted.truth)),
        "validation_cross_entropy": cross_entropy_at(fitted.logits, fitted.truth, temperature),
        "validation_ece_uncalibrated": calibration_error(raw, fitted.truth),
        "epoch": float(fitted.epoch),
    }
    return _rounded(figures) | figures_of(calibrated, fitted.truth, classes, "validation")


def figures_of(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.intp],
    classes: Sequence[str],
    prefix: str,
) -> Metrics:
    """Balanced accuracy, F1s and expected calibration error, their names begun by `prefix`.

    Parameters
    ----------
    probabilities : ndarray, shape (n, k)
    truth : ndarray of int, shape (n,)
    classes : sequence of str, length k
    prefix : str
    """
    matrix = confusion(truth, probabilities.argmax(axis=1), range(len(classes)))
    figures = {
        "balanced_accuracy": balanced_accuracy(matrix),
        "macro_f1": macro_f1(matrix),
        "ece": calibration_error(probabilities, truth),
    }
    each = zip(classes, f1_scores(matrix).tolist(), strict=True)
    figures |= {f"f1_{name}": value for name, value in each}
    return {f"{prefix}_{name}": value for name, value in _rounded(figures).items()}


def calibration_error(probabilities: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """Expected calibration error of the answers (Guo et al. 2017)."""
    right = probabilities.argmax(axis=1) == truth
    return reliability(probabilities.max(axis=1), right).error


def _rounded(figures: Metrics) -> Metrics:
    return {name: round(value, 4) for name, value in figures.items() if not np.isnan(value)}
