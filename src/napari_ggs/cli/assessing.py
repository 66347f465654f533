"""Commands that measure: evaluate, classify."""

from pathlib import Path
from typing import Annotated

import typer

from napari_ggs.cli.options import (
    ClassifierName,
    DetectorName,
    Device,
    Mpp,
    Renamed,
    renamed_classes,
)


def evaluate(
    slides: Annotated[list[Path], typer.Argument(help="Slides whose glomeruli are known.")],
    truth: Annotated[
        list[Path],
        typer.Option(
            help="The true circles of a slide (CSV with x, y, radius and, where known, label and "
            "cut; QuPath, ImageScope, labelme, COCO or a mask). Once for each slide, in the same "
            "order, or a folder of files named as the slides."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures.")],
    detector: DetectorName = None,
    classifier: ClassifierName = None,
    mpp: Mpp = None,
    renamed: Renamed = None,
    device: Device = "auto",
) -> None:
    """Measure detection, with and without the classifier's filter, and naming.

    Circle AP under the protocols coco, ggs and paper, precision-recall curves, recall, precision,
    centre recall, radius ratio and false circles per mm2 at the detector's threshold; where the
    truth has classes, also the confusion matrix, F1 and AUC. The truth of a slide without
    glomeruli is a file without circles. Exit code 2 if a slide could not be measured; the others
    are.
    """
    from napari_ggs.batch import Settings
    from napari_ggs.studies.assess_slides import assess_slides

    classes = renamed_classes(renamed)
    settings = Settings.load(detector, classifier, device=device)
    if code := assess_slides(slides, truth, out, settings, mpp, classes):
        raise typer.Exit(code)


def classify(
    folder: Annotated[
        Path,
        typer.Argument(help="Images (PNG, JPEG, TIFF) in or below it hold one glomerulus each."),
    ],
    out: Annotated[Path, typer.Option(help="The table to write (.csv).")],
    classifier: ClassifierName = None,
    device: Device = "auto",
) -> None:
    """Classify ready-made crops of one glomerulus each.

    Where they lie in folders named after classes (or sclerotic and normal or non-sclerotic), AUC
    and other figures are printed and written beside the table (.json), with pictures (a folder
    .figures); folders above or below those are patients. Exit code 2 if an image could not be
    read, or lies in no class folder where others do; the others are classified.
    """
    from napari_ggs.studies.assess_crops import assess_crops

    if code := assess_crops(folder, out, classifier, device):
        raise typer.Exit(code)
