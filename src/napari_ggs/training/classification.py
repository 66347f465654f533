"""Training a classifier: a recipe in, a model out."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from napari_ggs.classification import MARGIN_UM, build_network, normalisation
from napari_ggs.lesions import SCHEMES
from napari_ggs.models import (
    RESEARCH_ONLY,
    Architecture,
    ModelCard,
    PatientsSeen,
    TrainedWith,
    save_model,
)
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.collecting import check, patches_of
from napari_ggs.training.fitting import Fitted, fit
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.recipe import load_recipe
from napari_ggs.training.scores import (
    balanced_accuracy,
    best_temperature,
    confusion,
    cross_entropy_at,
    f1_scores,
)
from napari_ggs.training.sources import described
from napari_ggs.training.splits import Split, split_patients
from napari_ggs.training.steps import Progress, TrainingStep, never, silent


def train_classifier(
    recipe: Path, out: Path, progress: Progress = silent, stopped: Callable[[], bool] = never
) -> Path:
    """Train a classifier and save it with its card.

    The network that is best on the validation patients by balanced accuracy (by loss where that
    is equal) is kept, calibrated there by one temperature, and saved. While it trains, the best
    so far is beside `out`, named ``<out>.best.safetensors``.

    Parameters
    ----------
    recipe : Path
        A TOML file; see `ClassifierRecipe`.
    out : Path
        The model's .safetensors file.
    progress : callable
        Called with a `TrainingStep` as it goes.
    stopped : callable
        Asked after each batch; then the best network so far is what is saved.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    UserError
        If the recipe, its data or the place for the model are at fault.
    """
    plan = load_recipe(recipe, ClassifierRecipe)
    split = _gather(plan, progress)
    card = partial(_card, plan, split, recipe.name)
    best = out.with_name(f"{out.stem}.best.safetensors")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        fitted = _fit(plan, split, progress, stopped, lambda f: save_model(f.state, card(f), best))
    save_model(fitted.state, card(fitted), out)
    for working in (best, best.with_suffix(".json")):
        working.unlink()
    return out


def _gather(plan: ClassifierRecipe, progress: Progress) -> Split:
    check(plan.data)
    scheme = SCHEMES[plan.scheme]
    parts = [
        patches_of(source, scheme, lambda done, total: progress(TrainingStep("data", done, total)))
        for source in plan.data
    ]
    return split_patients(parts, [source.validation for source in plan.data], plan.seed)


def _fit(
    plan: ClassifierRecipe,
    split: Split,
    progress: Progress,
    stopped: Callable[[], bool],
    improved: Callable[[Fitted], object],
) -> Fitted:
    scheme, wanted = SCHEMES[plan.scheme], plan.network
    return fit(
        build_network(wanted.backbone, len(scheme.classes), wanted.dropout, wanted.pretrained),
        plan,
        split,
        scheme,
        normalisation(wanted.backbone),
        progress=progress,
        stopped=stopped,
        improved=improved,
    )


def _card(plan: ClassifierRecipe, split: Split, recipe: str, fitted: Fitted) -> ModelCard:
    scheme, wanted = SCHEMES[plan.scheme], plan.network
    mean, std = normalisation(wanted.backbone)
    temperature = best_temperature(fitted.logits, fitted.truth)
    return ModelCard(
        name=plan.name,
        task="classification",
        architecture=Architecture(
            kind="classifier", backbone=wanted.backbone, parameters={"dropout": wanted.dropout}
        ),
        classes=scheme.classes,
        margin_um=MARGIN_UM,
        input_px=wanted.input_px,
        mean=mean,
        std=std,
        temperature=round(temperature, 4),
        data=tuple(described(source) for source in plan.data),
        labelled_by=plan.labelled_by,
        metrics=_metrics(fitted, scheme.classes, temperature),
        parents=(f"{wanted.backbone} (ImageNet)",) if wanted.pretrained else (),
        patients_seen=_patients(split),
        notes=f"{RESEARCH_ONLY} {plan.notes}".strip(),
        trained_with=TrainedWith(recipe=recipe, command=_command()),
    )


def _command() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _metrics(fitted: Fitted, classes: tuple[str, ...], temperature: float) -> dict[str, float]:
    """Figures on the validation patches (moved and varied), which also chose the network."""
    matrix = confusion(fitted.truth, fitted.logits.argmax(axis=1), len(classes))
    f1 = f1_scores(matrix)
    figures = {
        "validation_patches": float(len(fitted.truth)),
        "validation_balanced_accuracy": balanced_accuracy(matrix),
        "validation_macro_f1": float(np.nanmean(f1)),
        "validation_cross_entropy": cross_entropy_at(fitted.logits, fitted.truth, temperature),
        "epoch": float(fitted.epoch),
    }
    figures |= {f"validation_f1_{c}": v for c, v in zip(classes, f1.tolist(), strict=True)}
    return {name: round(value, 4) for name, value in figures.items() if not np.isnan(value)}


def _patients(split: Split) -> PatientsSeen:
    learnt, held_out = (_names(part) for part in split)
    return PatientsSeen(training=learnt, selection=held_out, calibration=held_out)


def _names(patches: PatchSet) -> tuple[str, ...]:
    return tuple(np.unique(patches.patients).tolist())
