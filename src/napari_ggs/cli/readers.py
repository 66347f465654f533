"""The command for what the readers of a study said: agreement."""

from pathlib import Path
from typing import Annotated

import typer

from napari_ggs import console
from napari_ggs.cli.options import Study


def agreement(
    study: Study,
    slide: Annotated[
        str | None, typer.Option(help="Only the slide of this name.", show_default="all slides")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the tables.", show_default="none are written")
    ] = None,
    identify: Annotated[
        bool, typer.Option("--identify", help="Tables with the names of slides and readers.")
    ] = False,
) -> None:
    """Measure how far the readers of a study agree, by the latest run of each slide.

    Cohen's kappa of every two readers and Fleiss' of more, with 95 % intervals: by slide and over
    all slides, where whole patients are drawn again if there are several. Circles that a reader put
    aside or took out stay apart. The tables have these figures, how often readers gave which
    classes together, and the circles to be settled; names in them are pseudonyms, by a key that
    lies beside the study (.key).
    """
    from napari_ggs.review.agreement_study import compare_slides, lines, write_agreement
    from napari_ggs.store import CaseStore
    from napari_ggs.store.pseudonyms import Names

    with CaseStore.open(study, create=False) as store:
        compared = compare_slides(store, slide)
    for line in lines(compared):
        console.line(line)
    if out is not None:
        for path in write_agreement(compared, out, Names.of(study, identify)):
            console.line(f"Written: {path}")
