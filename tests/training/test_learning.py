"""A step follows from its number alone, and the learning rate from the recipe."""

import numpy as np
import pytest
import torch
from torch import nn

from napari_ggs.training.batches import Batch, batches, epoch_length
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.learning import DivergedError, Learner
from napari_ggs.training.patches import PatchSet

CPU = torch.device("cpu")


def recipe(**changes: object) -> ClassifierRecipe:
    fields = {
        "task": "classification",
        "name": "small",
        "batch": 6,
        "data": [{"kind": "folder", "folder": "p", "name": "own", "licence": "own"}],
        "network": {"backbone": "test_efficientnet", "input_px": 32, "pretrained": False},
        "schedule": {"stages": [{"px": 24, "epochs": 2}, {"px": 32, "epochs": 1}]},
    }
    return ClassifierRecipe.model_validate(fields | changes)


class Flat(nn.Module):
    """Mean colours, dropout, one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x.mean(dim=(2, 3)))


def learner(plan: ClassifierRecipe, total: int = 100) -> Learner:
    torch.manual_seed(0)
    return Learner(Flat(), plan, np.arange(5), 5, total, CPU)


def batch(seed: int = 0) -> Batch:
    rng = np.random.default_rng(seed)
    return Batch(rng.integers(0, 256, (6, 16, 16, 3), np.uint8), rng.integers(0, 5, 6))


def rates(decay: str) -> list[float]:
    schedule = {"stages": [{"px": 24, "epochs": 1}], "decay": decay}
    taught = learner(recipe(schedule=schedule, optimiser={"name": "sgd", "lr": 0.01}))
    return [taught.rate(step) for step in range(100)]


def test_the_rate_is_a_tenth_from_half_way_on() -> None:
    assert rates("half") == [0.01] * 50 + [0.001] * 50


def test_the_cosine_rises_for_a_twentieth_and_falls_to_nothing() -> None:
    cosine = rates("cosine")
    assert cosine.index(max(cosine)) == 4
    assert max(cosine) == pytest.approx(0.01, rel=0.01)
    assert cosine[-1] == pytest.approx(0, abs=1e-9)
    assert sorted(cosine[4:], reverse=True) == cosine[4:]


def test_the_rate_is_kept_without_decay() -> None:
    assert set(rates("none")) == {0.01}


def test_dropout_and_mixing_follow_from_the_number_of_the_step() -> None:
    plan = recipe(mixing={"kind": "circlemix", "per": "sample"})
    first, again = learner(plan).learn(batch(), 7), learner(plan).learn(batch(), 7)
    other = learner(plan).learn(batch(), 8)
    assert first == again != other


def test_mixing_changes_what_is_learnt() -> None:
    plain, mixed = (recipe(mixing={"kind": kind}) for kind in ("none", "circlemix"))
    assert learner(plain).learn(batch(), 7) != learner(mixed).learn(batch(), 7)


def test_class_weights_weigh_rare_classes_up() -> None:
    plan = recipe(loss={"class_weights": True, "gamma": 0})
    taught = Learner(Flat(), plan, np.array([0] * 9 + [1]), 2, 10, CPU)
    assert taught.weights is not None
    assert float(taught.weights[1] / taught.weights[0]) == pytest.approx(9)


def test_a_loss_that_is_no_number_is_refused() -> None:
    taught = learner(recipe())
    with torch.no_grad():
        next(taught.network.parameters()).fill_(float("nan"))
    with pytest.raises(DivergedError, match=r"no longer a number: lower .* learning rate \(now"):
        taught.learn(batch(), 0)


def patches(n: int = 20) -> PatchSet:
    rng = np.random.default_rng(0)
    return PatchSet.of(list(rng.integers(0, 256, (n, 48, 48, 3), np.uint8)), ["normal"] * n, "a")


@pytest.mark.parametrize("first", [1, 5, 8, 11])
def test_batches_go_on_anywhere_as_they_would_have(first: int) -> None:
    plan, targets = recipe(), np.arange(20) % 5
    whole = list(batches(patches(), targets, plan))
    rest = list(batches(patches(), targets, plan, first))
    assert len(whole) == 12
    assert len(rest) == 12 - first
    for one, other in zip(whole[first:], rest, strict=True):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.targets, other.targets)
    assert [len(batch.images[0]) for batch in whole] == [24] * 8 + [32] * 4


def test_an_epoch_sees_each_patch_as_often_as_it_repeats() -> None:
    many = patches()
    assert epoch_length(many, recipe()) == 4
    many.repeats[:10] = 3
    assert epoch_length(many, recipe()) == 7
