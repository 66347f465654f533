"""napari-ggs compare, and models use, history and back."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch

from napari_ggs.batch import Settings
from napari_ggs.classification import build_network
from napari_ggs.models import DEFAULT_CLASSIFIER, find, in_use, save_model
from napari_ggs.review import answering
from napari_ggs.review.work import CancelledError
from tests.models.cards import classifier_card
from tests.review.trials import Painted, paint_models
from tests.test_cli import ggs


@pytest.fixture
def painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Painted]:
    monkeypatch.setenv("NAPARI_GGS_MODELS", str(tmp_path / "home"))
    monkeypatch.setattr("napari_ggs.models.loading.verify", lambda name: find(name).card)
    paint_models(monkeypatch)
    study = Painted(tmp_path)
    yield study
    study.store.close()


def test_two_models_are_compared_and_the_better_one_is_used_and_left_again(
    painted: Painted, tmp_path: Path
) -> None:
    painted.reviewed("abcdef")
    painted.add("g")
    old, new = painted.classifier("poor").path, painted.classifier("good").path
    study, out = painted.store.path, tmp_path / "out"
    done = ggs("compare", old, new, "--study", study, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Patients: 6 take part; 1 left out: neither reviewed in full" in done.stdout
    assert "good is better than poor." in done.stdout
    assert "balanced accuracy" in done.stdout
    assert f"  napari-ggs models use {new}\n" in done.stdout
    assert len(pd.read_csv(out / "comparison.csv")) == 10
    again = ggs("compare", old, new, "--study", study)
    assert "compared on these circles before" in again.stdout
    verdict = done.stdout.split("Written")[0].splitlines()
    assert [line for line in again.stdout.splitlines() if "before" not in line] == verdict
    refused = ggs("models", "use", new)
    assert refused.returncode == 2
    assert "No comparison has found good better than ggs-lite0" in refused.stderr
    assert ggs("models", "use", old, "--override", "to begin with").returncode == 0
    assert "good is in use for classification now" in ggs("models", "use", new).stdout
    told = ggs("models", "history", "classification").stdout.splitlines()
    assert [line.split()[:2] for line in told] == [["0", DEFAULT_CLASSIFIER], ["1", "poor"],
                                                   ["2", "good"]]  # fmt: skip
    assert "because: to begin with" in told[1]
    assert "found better" in told[2]
    assert "poor is in use" in ggs("models", "back", "classification").stdout
    assert ggs("models", "back", "classification", "--to", 0).returncode == 0
    assert in_use("classification") == DEFAULT_CLASSIFIER
    assert ggs("models", "back", "classification", "--to", 9).returncode == 2


def test_slides_without_a_patient_are_told_before_the_verdict(painted: Painted) -> None:
    painted.reviewed("abcdef")
    painted.review(painted.add("", 7))
    old, new = painted.classifier("poor").path, painted.classifier("good").path
    done = ggs("compare", old, new, "--study", painted.store.path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 slide has no patient: each counts as a patient of its own.")


@pytest.mark.parametrize(
    ("reviewed", "patients", "complaint"),
    [
        ("abc", ("x",), "Too few patients to compare models on: 3, and at least 6 are needed"),
        ("", ("x",), "it has none"),
        ("ab", ("a", "b"), "2 left out: good learnt from them"),
        ("abcdef", (), "No verdict on good"),
    ],
)
def test_why_there_is_no_verdict_is_one_line(
    painted: Painted, reviewed: str, patients: tuple[str, ...], complaint: str
) -> None:
    painted.reviewed(reviewed)
    old, new = painted.classifier("poor").path, painted.classifier("good", patients).path
    done = ggs("compare", old, new, "--study", painted.store.path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert complaint in done.stderr
    missing = ggs("compare", old, new, "--study", painted.folder / "none.ggs")
    assert missing.returncode == 2


def test_a_stopped_comparison_exits_as_shells_have_it(
    painted: Painted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise CancelledError

    monkeypatch.setattr(answering, "ask_classifiers", stopped)
    painted.reviewed("abcdef")
    pair = painted.classifier("poor").path, painted.classifier("good").path
    done = ggs("compare", *pair, "--study", painted.store.path)
    assert done.returncode == 130
    assert "nothing was spent" in done.stderr


def test_the_chosen_model_is_that_of_a_run_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAPARI_GGS_MODELS", str(tmp_path / "home"))
    torch.manual_seed(0)
    network = build_network("efficientnet_lite0", 5)
    card = classifier_card("mine", input_px=64, sha256="")
    mine = save_model(network.state_dict(), card, tmp_path / "mine.safetensors")
    assert Settings.load(device="cpu").classifier.card.name == DEFAULT_CLASSIFIER
    assert ggs("models", "use", mine, "--override", "to try").returncode == 0
    assert Settings.load(device="cpu").classifier.card.name == "mine"
    assert Settings.load(None, DEFAULT_CLASSIFIER, device="cpu").scheme.name == "ggs"
    assert ggs("models", "back", "classification").returncode == 0
    assert Settings.load(device="cpu").classifier.card.name == DEFAULT_CLASSIFIER
