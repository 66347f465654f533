"""How long a training will take is measured once, then known."""

from pathlib import Path

import pytest

from napari_ggs.training import timed_steps
from napari_ggs.training.at_hand import ON_A_PHANTOM, at_hand, look, number_of_patches
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.options import Options
from napari_ggs.training.recipe import load_recipe
from napari_ggs.training.timing import estimate_seconds
from tests.training import test_detection
from tests.training.drawings import write_patches
from tests.training.study import write_recipe, write_study


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CACHE_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))


def test_a_speed_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = load_recipe(write_recipe(tmp_path / "r.toml"), ClassifierRecipe)
    assert estimate_seconds(plan, 30, measure=False) is None
    seconds = estimate_seconds(plan, 30)
    assert seconds is not None
    assert 0 < seconds < 60
    monkeypatch.setattr(timed_steps, "seconds_an_image", lambda *_: 1 / 0)
    assert estimate_seconds(plan, 30, measure=False) == seconds


def test_the_estimate_counts_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed_steps, "seconds_an_image", lambda *_: 0.5)
    plan = load_recipe(write_recipe(tmp_path / "r.toml", epochs=2, batches=3), ClassifierRecipe)
    assert estimate_seconds(plan, 30) == pytest.approx(0.5 * 2 * (3 * 10 + 0.3 * 0.34 * 30))
    whole = plan.model_copy(
        update={"schedule": plan.schedule.model_copy(update={"batches_per_epoch": None})}
    )
    assert estimate_seconds(whole, 41) == pytest.approx(0.5 * 2 * (50 + 0.3 * 0.34 * 41))


def test_a_detector_is_timed_too(tmp_path: Path) -> None:
    path = test_detection.recipe(tmp_path, tmp_path, 15)
    plan = load_recipe(path, DetectorRecipe)
    seconds = estimate_seconds(plan, 0)
    assert seconds is not None
    assert 0 < seconds < 120


def test_what_is_at_hand_is_counted(tmp_path: Path) -> None:
    study = write_study(tmp_path / "s", ("Kim", "Lee"))
    folder = write_patches(tmp_path / "p", ("ann",), each=1)
    out = tmp_path / "m.safetensors"
    wanted = Options(study, out, patches=(folder,), leave_out=("Kim",))
    assert at_hand(wanted).without(wanted.leave_out).labels["human"].sum() == 10
    assert number_of_patches(wanted) == 10 + 5 + 12 * ON_A_PHANTOM
    assert number_of_patches(wanted, labels=3) == 3 + 5 + 12 * ON_A_PHANTOM
    found = look(study)
    assert found.slides == {"Kim": ("Kim",), "Lee": ("Lee",)}
    assert found.gone == ()
    (tmp_path / "s" / "Lee.tif").unlink()
    assert look(study).gone == (tmp_path / "s" / "Lee.tif",)
