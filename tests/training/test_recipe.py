"""Recipes say what is wrong with them."""

from pathlib import Path

import pytest

from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.recipe import RECIPES, RecipeError, load_recipe, recipe_path, task_of

SMALL = """
task = "classification"
name = "small"
[network]
backbone = "efficientnet_lite0"
[schedule]
stages = [{ px = 64, epochs = 2 }]
batches_per_epoch = 5
[[data]]
kind = "folder"
folder = "patches"
name = "own"
licence = "own"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


def test_a_recipe_is_read_and_filled_up_with_the_paper_s_values(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, SMALL), ClassifierRecipe)
    assert (recipe.batch, recipe.optimiser.lr, recipe.loss.gamma) == (16, 1e-4, 2.5)
    assert recipe.data[0].kind == "folder"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("classifier_*.toml")), ids=lambda p: p.stem)
def test_the_recipes_that_come_with_it_are_valid(path: Path) -> None:
    assert task_of(path) == "classification"
    assert load_recipe(path, ClassifierRecipe).sampling == "balanced"


def test_the_embedded_recipe_keeps_a_real_region_aside() -> None:
    recipe = load_recipe(recipe_path("classifier_lite0"), ClassifierRecipe)
    assert [source.leave_out for source in recipe.data if source.leave_out] == [("aidpath-B",)]


@pytest.mark.parametrize(
    ("found", "written_instead", "named"),
    [
        ("batches_per_epoch = 5", "batches_per_epoch = 0", "schedule.batches_per_epoch"),
        ("backbone = ", "backbones = ", "network"),
        ('kind = "folder"', 'kind = "cloud"', "data.0"),
        ('name = "small"', "", "name: Field required"),
        ("stages = [{ px = 64, epochs = 2 }]", "stages = []", "schedule.stages"),
    ],
)
def test_a_wrong_entry_is_named(
    tmp_path: Path, found: str, written_instead: str, named: str
) -> None:
    path = written(tmp_path, SMALL.replace(found, written_instead))
    with pytest.raises(RecipeError, match=named):
        load_recipe(path, ClassifierRecipe)


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no TOML file"):
        load_recipe(written(tmp_path, "task: classification"), ClassifierRecipe)


def test_an_unknown_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match='must say "detection" or "classification"'):
        task_of(written(tmp_path, 'task = "cooking"'))


def test_a_missing_recipe_says_which_there_are() -> None:
    with pytest.raises(RecipeError, match=r"no recipe 'nonsense'.*classifier_lite0"):
        recipe_path("nonsense")


def test_recipes_are_found_by_name_and_by_path(tmp_path: Path) -> None:
    assert recipe_path("classifier_lite0").parent == RECIPES
    assert recipe_path(written(tmp_path, SMALL)) == tmp_path / "recipe.toml"
