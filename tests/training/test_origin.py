"""What a training starts from may not flatter the figures of what comes out."""

from pathlib import Path

import pytest

from napari_ggs.models import PatientsSeen
from napari_ggs.training.cross_validation import train_folds
from napari_ggs.training.origin import Origin
from napari_ggs.training.splits import TrainingError
from tests.training.drawings import write_patches, write_recipe

START = Origin(
    ("parent",), PatientsSeen(training=("ann", "ben"), selection=("eve",), calibration=("max",))
)


@pytest.mark.parametrize(
    ("choosing", "testing", "complaint"),
    [
        (["ann"], [], "parent has learnt from ann, who would choose or test"),
        (["kim"], ["ben"], "parent has learnt from ben, who would choose or test"),
        (["ben", "ann"], [], "has learnt from ann and 1 others, who would choose or test"),
        ([], ["kim", "eve"], "parent was chosen or calibrated by eve, who would test"),
        ([], ["max"], "parent was chosen or calibrated by max, who would test"),
    ],
)
def test_who_is_known_to_the_start_is_named(
    choosing: list[str], testing: list[str], complaint: str
) -> None:
    with pytest.raises(TrainingError, match=f"{complaint} what starts from it: .* take others"):
        START.refuse(choosing=choosing, testing=testing)


def test_who_chose_the_start_may_choose_again_and_strangers_may_test() -> None:
    START.refuse(choosing=["eve", "max", "kim"], testing=["lee"])


def test_all_folds_are_looked_at_before_the_first_is_trained(tmp_path: Path) -> None:
    patients = ("ann", "ben", "eve", "max", "kim", "lee")
    folder = write_patches(tmp_path / "p", patients[:3], each=1)
    recipe = write_recipe(tmp_path / "first.toml", folder, epochs=1, batches=1)
    (first,) = train_folds(recipe, tmp_path / "a.safetensors", 3, fold=1)
    folder = write_patches(tmp_path / "q", patients, each=1)
    second = write_recipe(tmp_path / "second.toml", folder, epochs=1, batches=1)
    start = f'pretrained = false\nstart = "{first.as_posix()}"'
    second.write_text(second.read_text().replace("pretrained = false", start))
    with pytest.raises(TrainingError, match=r"drawn-fold1 (has learnt from|was chosen or)"):
        train_folds(second, tmp_path / "b.safetensors", 6)
    assert not list(tmp_path.glob("b*"))
