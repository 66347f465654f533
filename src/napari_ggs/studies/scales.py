"""How large a study is: the papers' own protocol, one for a laptop, and one for a test."""

from dataclasses import dataclass
from typing import Literal

from napari_ggs.errors import UserError
from napari_ggs.training.classifier_recipe import ClassifierRecipe

Name = Literal["small", "medium", "paper"]
LIGHT = "efficientnet_lite0"


@dataclass(frozen=True)
class Light:
    """What takes the place of the papers' networks and schedules where there is no GPU.

    Attributes
    ----------
    px : int
        Side of the input.
    epochs, batches : int
        Of the training, and mini-batches in each.
    """

    px: int
    epochs: int
    batches: int


@dataclass(frozen=True)
class Scale:
    """The size of a study.

    Attributes
    ----------
    name : str
    patients : int
        Phantom patients of a cohort, one slide each.
    side_um, mpp : float
        Side of their slides, and microns per pixel.
    even : bool
        Whether all classes are equally frequent, so that a few patients have every one.
    folds : int
        Of the cross-validation.
    runs : tuple of (int, int)
        Fold, from 1, and seed of each training of an arm.
    light : Light or None
        None: the papers' own networks and schedules.
    """

    name: Name
    patients: int
    side_um: float
    folds: int
    runs: tuple[tuple[int, int], ...]
    light: Light | None
    mpp: float = 0.5
    even: bool = False

    def of(self, plan: ClassifierRecipe, lr: float | None = None) -> ClassifierRecipe:
        """A paper's recipe at this scale; `lr` is that of the light network."""
        if self.light is None:
            return plan
        light = self.light
        schedule = {
            "stages": [{"px": light.px, "epochs": light.epochs}],
            "batches_per_epoch": light.batches,
            "decay": "half" if plan.schedule.decay == "half" else "cosine",
        }
        network = plan.network.model_dump() | {"backbone": LIGHT, "input_px": light.px}
        optimiser = plan.optimiser.model_dump() | ({"lr": lr} if lr else {})
        changed = {"schedule": schedule, "network": network, "optimiser": optimiser}
        return ClassifierRecipe.model_validate(plan.model_dump() | changed)


SCALES: dict[Name, Scale] = {
    "small": Scale("small", 9, 1400.0, 3, ((1, 1),), Light(48, 1, 3), mpp=1.0, even=True),
    "medium": Scale("medium", 60, 2200.0, 5, ((1, 1), (2, 2), (3, 3)), Light(128, 6, 60)),
    "paper": Scale(
        "paper",
        157,
        6000.0,
        5,
        tuple((fold, seed) for seed in range(1, 6) for fold in range(1, 6)),
        None,
    ),
}


def scale_of(name: str) -> Scale:
    """The scale of a name.

    Raises
    ------
    UserError
        If there is none.
    """
    for scale in SCALES.values():
        if scale.name == name:
            return scale
    raise UserError(f"There is no scale {name!r}: take one of {', '.join(SCALES)}.")
