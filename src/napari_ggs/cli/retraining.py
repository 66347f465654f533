"""Commands that make better models of what readers said: retrain, mine."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from napari_ggs import console
from napari_ggs.cancelling import Cancelled
from napari_ggs.cli.options import (
    ClassifierName,
    DetectorName,
    Device,
    LowDetectionScore,
    MovedSlides,
    Mpp,
)
from napari_ggs.cli.research import stoppable
from napari_ggs.devices import DeviceName
from napari_ggs.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from napari_ggs.batch import Settings
    from napari_ggs.store import CaseStore
    from napari_ggs.training.options import Options

NEXT = """\
Next, in the window: set the study (File > Preferences > Glomerulosclerosis) to
  {study}
and open a slide. Plugins > Review, Circles: choose the class non-glomerulus, "not reviewed" and "by
detection score". Confirm what is no glomerulus, give the others their class; then retrain."""
Study = Annotated[Path, typer.Option(help="The study (.ggs).")]


def retrain(
    study: Study,
    out: Annotated[Path, typer.Option(help="The model to write (.safetensors).")],
    task: Annotated[
        Literal["classification", "detection"], typer.Option(help="What to train.")
    ] = "classification",
    recipe: Annotated[
        str | None,
        typer.Option(
            help="A recipe's file (.toml) or name.",
            show_default="retrain_classifier or retrain_detector",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="The model to go on from: its name or file.",
            show_default="the one in use; with --recipe the recipe's",
        ),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(
            help="In place of a model to go on from: the network of a classifier that begins from "
            "its ImageNet weights (efficientnet_lite0, bit_r50x1, ...)."
        ),
    ] = None,
    slides: MovedSlides = None,
    patches: Annotated[
        list[Path] | None,
        typer.Option(help="A folder of labelled patches to learn from too. May be repeated."),
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            help="A patient of the study to keep for comparing models: not learnt from at all. May "
            "be repeated."
        ),
    ] = None,
    reviewer: Annotated[
        str | None,
        typer.Option(
            help="The one reader whose labels teach.", show_default="what all readers agree on"
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="An entry in place of the recipe's: loss.gamma=2. May be repeated."
        ),
    ] = None,
    device: Annotated[
        DeviceName | None, typer.Option(help="Where to compute.", show_default="the recipe's")
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Go on from where a training of this model was cut off.")
    ] = True,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Say what is at hand, what is missing and how long it takes, and end; exit code 2 "
            "if something is missing.",
        ),
    ] = False,
) -> None:
    """Train the model in use further, with the labels that people gave in a study.

    A classifier learns from every circle that a person named (non-glomerulus: a hard negative), a
    detector from the slides that people have gone through. What is only predicted, removed,
    uncertain or ungradable teaches nothing. Whole patients are held out to choose the model by.
    Ctrl+C stops early and saves the best model so far; the same command goes on.
    """
    from napari_ggs import training
    from napari_ggs.models import in_use
    from napari_ggs.training.options import Options

    start = start or ("" if recipe or backbone else in_use(task))
    options = Options(
        study=study, out=out, task=task, recipe=recipe or "", start=start, backbone=backbone or "",
        slides=tuple(slides or ()), patches=tuple(patches or ()), reviewer=reviewer or "",
        leave_out=tuple(leave_out or ()), settings=tuple(settings or ()),
        device=device, resume=resume,
    )  # fmt: skip
    if dry_run:
        _say_what_is_at_hand(options)
        return
    with suppress(UserError):  # the training tells of it, to its record too
        _warn_before(options)
    with stoppable(f"retraining {out.stem}") as (advance, stopped):
        model, early = training.retrain(options, advance, stopped)
    words = " (stopped early)" * early
    console.line(f"The model is {model}, its card {model.with_suffix('.json')}{words}")
    console.line("Next, is it better than the one in use?")
    console.line(f"  napari-ggs compare {in_use(task)} {model} --study {study}")


def _say_what_is_at_hand(options: "Options") -> None:
    from napari_ggs.training.at_hand import at_hand, estimate, with_patches
    from napari_ggs.training.options import plan_of
    from napari_ggs.training.readiness import cautions, lacking

    found, plan = at_hand(options), plan_of(options)
    teaching = found.without(options.leave_out)
    _say_labels(teaching.labels)
    _warn_before(options)
    teaching = with_patches(teaching, plan)
    if missing := lacking(plan, teaching):
        raise UserError(missing)
    for words in cautions(plan, teaching):
        console.line(words)
    seconds = estimate(options)
    assert seconds is not None
    console.line(f"The training takes about {_duration(seconds)} here.")


def _say_labels(labels: "pd.DataFrame") -> None:
    """The labels of each patient who has any, and all together."""
    for patient, rows in labels.groupby("patient"):
        each = zip(rows["class"], rows["human"], rows["predicted"], strict=True)
        words = (f"{label} {human} (+ {guessed} predicted)" for label, human, guessed in each)
        console.line(f"{patient}: {', '.join(words)}")
    patients = labels.loc[labels["human"] > 0, "patient"].nunique()
    console.line(f"{labels['human'].sum()} labels of {patients} patient{'s' * (patients != 1)}")


def _warn_before(options: "Options") -> None:
    """Say what nobody can check: slides without a patient, patches without um/px."""
    from napari_ggs.lesions import SCHEMES
    from napari_ggs.store import CaseStore
    from napari_ggs.store.slides import told_unassigned
    from napari_ggs.training.classifier_recipe import ClassifierRecipe
    from napari_ggs.training.options import plan_of
    from napari_ggs.training.patch_sizes import told_unchecked

    plan = plan_of(options)
    with CaseStore.open(options.study, create=False) as store:
        told = [told_unassigned(store.slides())]
    if isinstance(plan, ClassifierRecipe):
        told += told_unchecked(options.patches, SCHEMES[plan.scheme])
    for words in filter(None, told):
        console.line(words)


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def mine(
    slides: Annotated[list[Path], typer.Argument(help="Slides (SVS, TIFF, DICOM folder, ...).")],
    study: Study,
    detector: DetectorName = None,
    classifier: ClassifierName = None,
    t_det: LowDetectionScore = 0.05,
    mpp: Mpp = None,
    device: Device = "auto",
) -> None:
    """Find likely false circles on slides and lay them out for review in a study.

    Each slide becomes a run of the study at a low detection threshold, with what readers said of
    it before. Circles that the classifier rejects are likely false: those that a person then
    labels non-glomerulus teach both models as hard negatives. Exit code 2 if a slide could not be
    analysed; the others are. Ctrl+C ends the slide at hand early and keeps what was found (exit
    code 130).
    """
    from napari_ggs.batch import Settings
    from napari_ggs.mining import require_filter
    from napari_ggs.store import CaseStore

    settings = Settings.load(detector, classifier, t_det, None, device)
    require_filter(settings.scheme)
    with CaseStore.open(study) as store, console.interruptible() as cancelled:
        codes = list(_mined(slides, settings, store, mpp, cancelled))
    if 0 in codes:
        console.line(NEXT.format(study=study.absolute()))
    if any(codes):
        raise typer.Exit(next(code for code in codes if code))


def _mined(
    paths: list[Path],
    settings: "Settings",
    store: "CaseStore",
    mpp: float | None,
    cancelled: Cancelled,
) -> Iterator[int]:
    """Mine slides one after another; an exit code for each."""
    from napari_ggs.batch import CANCELLED

    for path in paths:
        if cancelled():
            yield CANCELLED
            return
        try:
            yield 0 if _mine(path, settings, store, mpp, cancelled) else CANCELLED
        except UserError as error:
            console.error(f"{path.name}: {error}")
            yield 2
        except Exception as error:
            console.fault(error, path.name)
            yield 1


def _mine(
    path: Path,
    settings: "Settings",
    store: "CaseStore",
    mpp: float | None,
    cancelled: Cancelled,
) -> bool:
    """Mine a slide under a progress bar and say what was found; False if it was ended early."""
    from napari_ggs.mining import Mined, mine_slide
    from napari_ggs.slides import open_slide

    with open_slide(path, mpp) as slide, console.progress(slide.name) as advance:
        for step in mine_slide(slide, settings, store, cancelled):
            if not isinstance(step, Mined):
                advance(step.done / max(step.total, 1))
    assert isinstance(step, Mined)
    early = "" if step.complete else " (stopped early)"
    console.line(
        f"{slide.name}: {step.likely_false} of {step.circles} circles are likely false{early}"
    )
    return step.complete
