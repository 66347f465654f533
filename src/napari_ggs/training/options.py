"""What a person wants of a retraining, and the recipe that it becomes. Imports no torch."""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TypeVar

from napari_ggs.devices import DeviceName
from napari_ggs.models import ModelCard
from napari_ggs.models.finding import find
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.detection_data import StudySlides
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.recipe import RecipeError, load_recipe, recipe_path, task_of
from napari_ggs.training.sources import Folder, Study
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.study_source import OfStudy

Task = Literal["classification", "detection"]
S = TypeVar("S", bound=OfStudy)

DEFAULT_RECIPES: dict[Task, str] = {
    "classification": "retrain_classifier",
    "detection": "retrain_detector",
}


@dataclass(frozen=True)
class Options:
    """What ``napari-ggs retrain`` is told.

    Attributes
    ----------
    study : Path
        Whose labels are learnt from.
    out : Path
        The model to write (.safetensors).
    task : {"classification", "detection"}
    recipe : str
        A recipe's name or file; "": that of `DEFAULT_RECIPES`.
    start : str
        Name or file of the model to go on from; "": the recipe's.
    slides, reviewer, leave_out
        See `OfStudy`.
    patches : tuple of Path
        Folders of labelled patches to learn from too; for a classifier.
    settings : tuple of str
        Entries in place of the recipe's, as ``loss.gamma=2``.
    device : {"auto", "cpu", "cuda"}, optional
        In place of the recipe's.
    resume : bool
        See `napari_ggs.training.train`.
    backbone : str
        In place of a start: the network of a classifier that begins from its ImageNet weights
        (`napari_ggs.backbone_names`).
    """

    study: Path
    out: Path
    task: Task = "classification"
    recipe: str = ""
    start: str = ""
    slides: tuple[Path, ...] = ()
    patches: tuple[Path, ...] = ()
    reviewer: str = ""
    leave_out: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    device: DeviceName | None = None
    resume: bool = True
    backbone: str = ""

    @property
    def recipe_file(self) -> Path:
        """The recipe's file.

        Raises
        ------
        RecipeError
            If there is none, or it is for the other task.
        """
        path = recipe_path(self.recipe or DEFAULT_RECIPES[self.task])
        if task_of(path) != self.task:
            raise RecipeError(f"{path} is for {task_of(path)}, not for {self.task}: add --task.")
        return path

    @property
    def goes_on(self) -> bool:
        """Whether there is the state of an earlier training to go on from."""
        ends, folder = ".training.safetensors", self.out.parent
        names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
        left = any(name.startswith(self.out.stem) and name.endswith(ends) for name in names)
        return self.resume and left

    def words(self) -> list[str]:
        """The command that does it, without the program's name."""
        single = {"--recipe": self.recipe, "--start": self.start, "--reviewer": self.reviewer}
        single |= {"--backbone": self.backbone, "--device": self.device or ""}
        several = {"--slides": self.slides, "--patches": self.patches}
        pairs = [(option, value) for option, value in single.items() if value]
        pairs += [(option, str(value)) for option, values in several.items() for value in values]
        pairs += [("--leave-out", name) for name in self.leave_out]
        pairs += [("--set", entry) for entry in self.settings]
        words = ["retrain", "--study", str(self.study), "--out", str(self.out)]
        words += ["--task", self.task, *chain.from_iterable(pairs)]
        return words if self.resume else [*words, "--no-resume"]


def classifier_plan(options: Options) -> ClassifierRecipe:
    """The recipe of a classifier's retraining, with the study and the model to start from put in.

    Raises
    ------
    UserError
        If the recipe or the model to start from are at fault.
    """
    plan = load_recipe(options.recipe_file, ClassifierRecipe, options.settings)
    if options.start and options.backbone:
        raise RecipeError("Name a model to go on from or a backbone to begin with, not both.")
    if options.start:
        plan = plan.model_copy(update=_as_classifier(plan, *_start(options)))
    elif options.backbone:
        fresh = {"backbone": options.backbone, "start": None, "pretrained": True}
        plan = plan.model_copy(update={"network": plan.network.model_copy(update=fresh)})
    data = [_of(source, options) if isinstance(source, Study) else source for source in plan.data]
    folders = (
        Folder(kind="folder", folder=folder, name="own patches", licence="own")
        for folder in options.patches
    )
    return plan.model_copy(update={"data": (*data, *folders), **_named(options)})


def detector_plan(options: Options) -> DetectorRecipe:
    """The recipe of a detector's retraining; see `classifier_plan`."""
    if options.patches:
        raise RecipeError("Patches teach a classifier: leave --patches out for a detector.")
    if options.backbone:
        raise RecipeError(
            "A backbone is named for a classifier; for a detector take a recipe that names it, "
            "such as --recipe detector_dla34."
        )
    plan = load_recipe(options.recipe_file, DetectorRecipe, options.settings)
    if options.start:
        plan = plan.model_copy(update=_as_detector(plan, *_start(options)))
    data = tuple(_of(s, options) if isinstance(s, StudySlides) else s for s in plan.data)
    return plan.model_copy(update={"data": data, **_named(options)})


def _of(source: S, options: Options) -> S:
    """The recipe's study, replaced by the one that is meant."""
    names = ("study", "slides", "reviewer", "leave_out")
    return source.model_copy(update={name: getattr(options, name) for name in names})


def _named(options: Options) -> dict[str, Any]:
    """A retrained model is called as its file; the device may be another than the recipe's."""
    return {"name": options.out.stem} | ({"device": options.device} if options.device else {})


def _start(options: Options) -> tuple[Path, ModelCard]:
    path, card = find(options.start, options.task)
    if card.composite or card.is_child:
        raise TrainingError(
            f"The model {card.name} is {card.network}, which is not trained as one: start from a "
            "single network, such as one of its members."
        )
    return path, card


def _as_classifier(plan: ClassifierRecipe, path: Path, card: ModelCard) -> dict[str, Any]:
    """The entries that follow from the model to start from."""
    before, px = plan.network, card.input_px
    dropout = card.architecture.parameters.get("dropout", before.dropout)
    network = {"backbone": card.architecture.backbone, "input_px": px, "dropout": dropout}
    stages = tuple(
        stage.model_copy(update={"px": px}) if stage.px == before.input_px else stage
        for stage in plan.schedule.stages
    )
    return {
        "network": before.model_copy(update={**network, "start": path}),
        "schedule": plan.schedule.model_copy(update={"stages": stages}),
        "scheme": card.scheme.name,
        "t_glom": card.t_glom,
    }


def _as_detector(plan: DetectorRecipe, path: Path, card: ModelCard) -> dict[str, Any]:
    network: dict[str, Any] = {"backbone": card.architecture.backbone, "start": path}
    network |= card.architecture.parameters
    network |= {name: getattr(card, name) for name in ("mpp", "input_px", "max_radius_um")}
    return {"network": plan.network.model_copy(update=network), "t_det": card.t_det}


def plan_of(options: Options) -> ClassifierRecipe | DetectorRecipe:
    """The recipe of a retraining; see `classifier_plan`."""
    return (detector_plan if options.task == "detection" else classifier_plan)(options)
