"""What a person wants of a retraining becomes a recipe and a command."""

from dataclasses import replace
from pathlib import Path

import pytest
import typer.main

from napari_ggs.cli import app
from napari_ggs.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR, ModelError, find
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.options import Options, classifier_plan, detector_plan
from napari_ggs.training.recipe import RecipeError, load_recipe, recipe_path
from napari_ggs.training.sources import Folder, Study
from tests.training.study import write_recipe


def test_the_classifier_s_recipe_has_the_papers_values() -> None:
    plan = load_recipe(recipe_path("retrain_classifier"), ClassifierRecipe)
    assert (plan.loss.gamma, plan.sampling, plan.mixing.kind) == (2.5, "balanced", "circlemix")
    assert (plan.optimiser.name, plan.optimiser.lr, plan.batch) == ("adam", 1e-4, 16)
    assert sum(stage.epochs for stage in plan.schedule.stages) == 40
    assert [source.validation > 0 for source in plan.data] == [True, False]


@pytest.mark.parametrize(
    ("name", "kind", "start"),
    [
        ("retrain_classifier", ClassifierRecipe, DEFAULT_CLASSIFIER),
        ("retrain_detector", DetectorRecipe, DEFAULT_DETECTOR),
    ],
)
def test_a_recipe_goes_on_from_the_model_that_comes_along(
    name: str, kind: type, start: str
) -> None:
    network, card = load_recipe(recipe_path(name), kind).network, find(start).card
    assert str(network.start) == start
    assert (network.backbone, network.input_px) == (card.architecture.backbone, card.input_px)


def test_the_study_and_the_patches_are_put_in(tmp_path: Path) -> None:
    options = Options(
        tmp_path / "s.ggs",
        tmp_path / "better.safetensors",
        slides=(tmp_path,),
        patches=(tmp_path / "p",),
        leave_out=("Kim",),
        device="cpu",
    )
    plan = classifier_plan(options)
    study, _, folder = plan.data
    assert isinstance(study, Study)
    assert (study.study, study.slides, study.leave_out) == (options.study, (tmp_path,), ("Kim",))
    assert isinstance(folder, Folder)
    assert (plan.name, plan.device) == ("better", "cpu")


def test_settings_stand_in_place_of_the_recipe_s(tmp_path: Path) -> None:
    settings = ("loss.gamma = 1", "mixing.kind='cutmix'", "schedule.stages=[{px=64,epochs=2}]")
    options = Options(tmp_path / "s.ggs", tmp_path / "m.safetensors", settings=settings)
    plan = classifier_plan(options)
    assert (plan.loss.gamma, plan.mixing.kind, plan.mixing.per) == (1, "cutmix", "batch")
    assert plan.schedule.stages[0].epochs == 2
    with pytest.raises(RecipeError, match="loss: "):
        classifier_plan(Options(options.study, options.out, settings=("loss=2",)))
    with pytest.raises(RecipeError, match="sets nothing"):
        classifier_plan(Options(options.study, options.out, settings=("gamma",)))


def test_the_network_is_that_of_the_model_to_start_from(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r.toml")
    out = tmp_path / "m.safetensors"
    options = Options(tmp_path / "s.ggs", out, recipe=str(recipe), start=DEFAULT_CLASSIFIER)
    plan, card = classifier_plan(options), find(DEFAULT_CLASSIFIER).card
    assert plan.network.backbone == "efficientnet_lite0"
    assert plan.network.input_px == plan.schedule.stages[0].px == card.input_px
    assert plan.t_glom == card.t_glom
    assert plan.network.start == find(DEFAULT_CLASSIFIER).path
    detector = Options(tmp_path / "s.ggs", out, "detection", start=DEFAULT_DETECTOR)
    assert detector_plan(detector).network.start == find(DEFAULT_DETECTOR).path
    with pytest.raises(ModelError, match="not for classification"):
        classifier_plan(Options(options.study, out, start=DEFAULT_DETECTOR))


def test_a_backbone_stands_in_place_of_a_model_to_start_from(tmp_path: Path) -> None:
    options = Options(tmp_path / "s.ggs", tmp_path / "m.safetensors", backbone="bit_r50x1")
    network = classifier_plan(options).network
    assert (network.backbone, network.start, network.pretrained) == ("bit_r50x1", None, True)
    with pytest.raises(RecipeError, match="not both"):
        classifier_plan(replace(options, start=DEFAULT_CLASSIFIER))
    with pytest.raises(RecipeError, match="a recipe that names it"):
        detector_plan(replace(options, task="detection"))


def test_a_recipe_for_the_other_task_is_refused(tmp_path: Path) -> None:
    options = Options(tmp_path / "s.ggs", tmp_path / "m.safetensors", recipe="retrain_detector")
    with pytest.raises(RecipeError, match="is for detection, not for classification: add --task"):
        classifier_plan(options)


def test_its_words_are_the_command_s(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b", "p")]
    for folder in folders:
        folder.mkdir()
    options = Options(
        Path("s.ggs"), Path("m.safetensors"), "detection", "r", "d", tuple(folders[:2]),
        tuple(folders[2:]), "ann", ("Kim",), ("batch=2",), "cpu", resume=False,
    )  # fmt: skip
    words = options.words()
    command = typer.main.get_command(app).commands["retrain"]  # type: ignore[attr-defined]
    given = command.make_context("retrain", words[1:]).params
    assert given["study"] == options.study
    assert list(given["slides"]) == list(options.slides)
    assert (given["start"], given["reviewer"], given["resume"]) == ("d", "ann", False)
    assert (given["leave_out"], given["settings"]) == (["Kim"], ["batch=2"])
