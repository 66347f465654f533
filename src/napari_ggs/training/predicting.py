"""What a model answers about labelled patches: the table that evaluation reads."""

from pathlib import Path

import numpy as np
import pandas as pd

from napari_ggs.classification.classifier import AnyClassifier
from napari_ggs.files import replacing
from napari_ggs.lesions import Scheme
from napari_ggs.training.classifier_card import Metrics, figures_of
from napari_ggs.training.moving import crops_of
from napari_ggs.training.patches import PatchSet

BATCH = 16


def predictions_path(model: Path) -> Path:
    """The table of a model's answers on its test patients: ``m.test.csv``."""
    return model.with_name(f"{model.stem}.test.csv")


def predictions(classifier: AnyClassifier, patches: PatchSet) -> pd.DataFrame:
    """Classify the crops in the middle of patches.

    Returns
    -------
    DataFrame
        ``file`` (the patch's name), ``patient``, ``label``, a probability column for each class
        (`Scheme.columns`), and ``predicted``, the most probable class.
    """
    scheme = classifier.scheme
    parts = np.array_split(np.arange(len(patches)), max(1, -(-len(patches) // BATCH)))
    crops = (crops_of(patches.where(part), classifier.input_px) for part in parts)
    shares = np.concatenate([classifier.classify(part) for part in crops])
    about = {"file": patches.names, "patient": patches.patients, "label": patches.labels}
    table = pd.DataFrame(about | dict(zip(scheme.columns, shares.T, strict=True)))
    return table.assign(predicted=np.array(scheme.classes)[shares.argmax(axis=1)])


def write_predictions(table: pd.DataFrame, path: Path) -> None:
    """Write a table of predictions as CSV, whole or not at all."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False)


def metrics_of(table: pd.DataFrame, scheme: Scheme) -> Metrics:
    """Figures of a table of predictions, their names begun by "test"."""
    truth = np.array([scheme.classes.index(label) for label in table["label"]], dtype=np.intp)
    shares = table[list(scheme.columns)].to_numpy()
    figures = figures_of(shares, truth, scheme.classes, "test")
    return {"test_patches": float(len(table))} | figures
