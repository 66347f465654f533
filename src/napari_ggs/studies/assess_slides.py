"""How well the pipeline does on slides whose glomeruli are known: ``napari-ggs evaluate``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from napari_ggs import console
from napari_ggs.batch import NO_FILTER, Settings
from napari_ggs.errors import UserError
from napari_ggs.evaluation import GGS, Answers, aucs, pooled, table_of, write_table
from napari_ggs.evaluation.estimates import FEWEST_GROUPS
from napari_ggs.evaluation.sclerosis import REJECTION
from napari_ggs.files import make_folder
from napari_ggs.glomeruli import predict
from napari_ggs.slides import open_slide
from napari_ggs.studies.assessed_slide import Assessed, assess_slide
from napari_ggs.studies.assessment_files import lines, write_classes, write_detection
from napari_ggs.studies.truth import read_truth, truth_files

WITHOUT, WITH = "without filter", "with filter"


def assess_slides(
    slides: Sequence[Path],
    truth: Sequence[Path],
    out: Path,
    settings: Settings,
    mpp: float | None = None,
    classes: Mapping[str, str] | None = None,
) -> int:
    """Run the pipeline over slides, compare with the truth, write tables and pictures, print.

    Parameters
    ----------
    slides : sequence of Path
    truth : sequence of Path
        See `truth_files`.
    out : Path
        Folder for ``detection`` (.csv, .md) and ``precision_recall.png`` and, where the truth
        has classes, for the files of `write_classes`.
    settings : Settings
    mpp : float, optional
        Microns per pixel, instead of what the files say.
    classes : mapping of str to str, optional
        Class names of the truth files to ours.

    Returns
    -------
    int
        0, or 2 if a slide could not be assessed for a reason that the user can put right, or 1
        if a fault of ours kept one from it. The others are assessed.
    """
    pairs = list(zip(slides, truth_files(slides, truth), strict=True))
    make_folder(out)
    assessed, code = [], 0
    for path, file in pairs:
        try:
            with open_slide(path, mpp) as slide:
                assessed.append(
                    assess_slide(slide, read_truth(file, slide, settings.scheme, classes), settings)
                )
        except UserError as error:
            console.error(str(error))
            code = code or 2
        except Exception as error:
            console.fault(error, path.name)
            code = 1
    if assessed:
        _report(assessed, settings, out)
    return code


def _report(assessed: Sequence[Assessed], settings: Settings, out: Path) -> None:
    arms = {WITHOUT: [one.without for one in assessed]}
    if settings.scheme.can_filter:
        arms[WITH] = [one.filtered for one in assessed]
    table = write_detection(
        arms,
        settings.thresholds.detection,
        out,
        pooled([one.consistency for one in assessed]),
        sum(one.tissue_mm2 for one in assessed),
    )
    main = table["protocol"].str.startswith("score") | (table["protocol"] == GGS.name)
    for line in [*lines(table[main]), *lines(_write_naming(assessed, settings, out))]:
        console.line(line)
    if not settings.scheme.can_filter:
        console.line(f"  {NO_FILTER}")
    if len(assessed) < FEWEST_GROUPS:
        console.line(f"  Intervals of AP, F1 and AUC need {FEWEST_GROUPS} slides or more.")
    console.line(f"  Tables and pictures: {out}")


def _write_naming(assessed: Sequence[Assessed], settings: Settings, out: Path) -> pd.DataFrame:
    """Write how well the found circles are named; return its table."""
    scheme = settings.scheme
    truth = np.concatenate([one.truth for one in assessed])
    probabilities = np.concatenate([one.probabilities for one in assessed])
    slides = np.repeat([one.without.group for one in assessed], [len(o.truth) for o in assessed])
    named = np.isin(truth, scheme.classes)
    if np.isin(truth, scheme.glomerular).any():
        answers = predict(probabilities[named], scheme, settings.thresholds.glomerulus)
        given = (truth[named], probabilities[named], scheme, slides[named])
        return table_of(write_classes(Answers.of(*given, answers), out).figures())
    rejection = aucs(truth, probabilities, scheme, slides)
    table = table_of({f"AUC {REJECTION}": rejection[REJECTION]} if REJECTION in rejection else {})
    write_table(table, out / "classification")
    return table
