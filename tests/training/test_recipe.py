"""Recipes say what is wrong with them."""

from pathlib import Path

import pytest

from napari_ggs.classification.backbones import timm_name
from napari_ggs.lesions import GGS
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.recipe import (
    RECIPES,
    RecipeError,
    command_line,
    load_recipe,
    recipe_path,
    task_of,
)

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


CLASSIFIERS = [path for path in sorted(RECIPES.glob("*.toml")) if "detector" not in path.stem]


@pytest.mark.parametrize("path", CLASSIFIERS, ids=lambda path: path.stem)
def test_the_recipes_that_come_with_it_are_valid(path: Path) -> None:
    assert task_of(path) == "classification"
    recipe = load_recipe(path, ClassifierRecipe)
    assert timm_name(recipe.network.backbone)


@pytest.mark.parametrize(("depth", "lr"), [(50, 1e-4), (101, 1e-5)])
def test_the_ggs_paper_s_recipes_say_what_it_says(depth: int, lr: float) -> None:
    recipe = load_recipe(recipe_path(f"paper_ggs_bit_r{depth}x1"), ClassifierRecipe)
    assert (recipe.batch, recipe.sampling, recipe.scheme) == (16, "balanced", "ggs")
    assert (recipe.optimiser.name, recipe.optimiser.lr) == ("adam", lr)
    assert (recipe.loss.gamma, recipe.network.input_px, recipe.mixing.kind) == (2.5, 256, "none")
    assert not recipe.augmentation.validation


def test_the_circlemix_paper_s_recipe_says_what_it_says() -> None:
    recipe = load_recipe(recipe_path("paper_circlemix_b0"), ClassifierRecipe)
    assert (recipe.batch, recipe.sampling, recipe.scheme) == (16, "plain", "circlemix")
    assert (recipe.optimiser.name, recipe.optimiser.lr) == ("sgd", 0.01)
    assert (recipe.schedule.decay, recipe.loss.gamma) == ("half", 0)
    assert (recipe.mixing.kind, recipe.mixing.per, recipe.mixing.probability) == (
        "circlemix",
        "batch",
        1.0,
    )
    assert recipe.augmentation.crop * 256 == 16
    assert not recipe.augmentation.changes_appearance
    assert (recipe.augmentation.turn, recipe.augmentation.shift) == (0, 0)


def test_the_hierarchy_is_the_same_recipe_with_children() -> None:
    plain, tree = (
        load_recipe(recipe_path(f"paper_circlemix_b0{end}"), ClassifierRecipe)
        for end in ("", "_hierarchy")
    )
    assert {child.name: len(child.classes) for child in tree.children} == {
        "nc2": 2,
        "c3": 3,
        "c2": 2,
    }
    assert tree.model_copy(update={"children": (), "name": plain.name}) == plain
    assert tree.of_child(tree.children[0]).optimiser.lr == 0.001


CHILD = '[[children]]\nname = "{}"\nclasses = {}\nlr = 1e-3\n'


@pytest.mark.parametrize(
    ("children", "named"),
    [
        ({"a": ["normal", "sclerosed"]}, "child a must be a part of the scheme's"),
        ({"a": list(GGS.classes)}, "child a must be a part of the scheme's"),
        ({"a": ["normal"]}, "children.0.classes"),
        ({"a": ["normal", "solidified"], "b": ["solidified", "disappearing"]}, "apart or among"),
        ({"a b": ["normal", "solidified"]}, "children.0.name"),
    ],
)
def test_children_that_do_not_fit_are_refused(
    tmp_path: Path, children: dict[str, list[str]], named: str
) -> None:
    text = "".join(CHILD.format(*child) for child in children.items())
    path = written(tmp_path, SMALL.replace("[[data]]", text + "[[data]]"))
    with pytest.raises(RecipeError, match=named):
        load_recipe(path, ClassifierRecipe)


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


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["retrain", "--study", "/Smith.ggs", "--out", "m"], "retrain --study ... --out m"),
        (["retrain", "--leave-out=Smith", "--no-resume"], "retrain --leave-out=... --no-resume"),
    ],
)
def test_a_card_s_command_names_nobody(
    words: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["/bin/napari-ggs", *words])
    assert command_line() == f"napari-ggs {told}"
