"""Training a hierarchy: a parent, and children that are fine-tuned from it."""

from pathlib import Path

from napari_ggs.lesions import SCHEMES
from napari_ggs.models import read_card
from napari_ggs.models.card import card_path
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.networks import (
    Run,
    child_network,
    save_together,
    train_network,
    train_new_network,
)
from napari_ggs.training.origin import of_card
from napari_ggs.training.splits import Split, check


def member_files(plan: ClassifierRecipe, out: Path) -> list[Path]:
    """The files of the networks that a recipe makes: the parent's (or only one's), the children's.

    Parameters
    ----------
    plan : ClassifierRecipe
    out : Path
        The model's file.
    """
    ends = [f"-{child.name}" for child in plan.children]
    ends = ["-parent", *ends] if ends else [""]
    return [out.with_name(f"{out.stem}{end}.safetensors") for end in ends]


def check_children(split: Split, plan: ClassifierRecipe) -> None:
    """See that every child can be learnt, before hours are spent on the parent.

    Raises
    ------
    TrainingError
        As `splits.check`.
    """
    for child in plan.children:
        check(split.of_classes(child.classes), child.classes, f"Child {child.name}: ")


def train_hierarchy(split: Split, plan: ClassifierRecipe, out: Path, run: Run) -> Path:
    """Train a parent, then its children from the parent at its best (CircleMix paper, 3.2).

    Each child begins with all weights of the parent, its classes' part of the head included,
    and learns from the examples of its classes.

    Returns
    -------
    Path
        The composite, ``out`` ending in .json; the parent's file, if it was stopped before
        there was every child.
    """
    files, parts = member_files(plan, out), 1 + len(plan.children)
    classes = SCHEMES[plan.scheme].classes
    first = plan.model_copy(update={"name": f"{plan.name}-parent"})
    parent = train_new_network(first, split, files[0], run.part(0, parts))
    origin = of_card(read_card(card_path(files[0])))
    for number, child in enumerate(plan.children, start=1):
        if run.stopped():
            return files[0]
        rows = [i for i, name in enumerate(classes) if name in child.classes]
        names = [classes[i] for i in rows]
        train_network(
            child_network(plan, parent.state, rows),
            plan.of_child(child),
            split.of_classes(names),
            names,
            files[number],
            run.part(number, parts),
            origin,
        )
    return save_together(plan, "hierarchy", files, out, run)
