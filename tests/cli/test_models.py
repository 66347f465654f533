"""Models are listed, shown, verified and imported from the command line."""

from pathlib import Path

import pytest
import timm
import torch

from napari_ggs.lesions import CIRCLEMIX
from napari_ggs.models import DEFAULT_CLASSIFIER, available, find, load_classifier
from tests.models.test_composing import NC2, classifier, saved
from tests.test_cli import ggs


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of a hierarchy and its two members, among other files."""
    members = [classifier(tmp_path, "c5", CIRCLEMIX.classes), classifier(tmp_path, "nc2", NC2)]
    saved("hierarchy", members, "family", labelled_by="two readers")
    (tmp_path / "summary.json").write_text('{"glomeruli": 3}')
    (tmp_path / "notes.json").write_text("no JSON")
    return tmp_path


def test_list_shows_the_embedded_models_and_those_of_folders(models: Path) -> None:
    done = ggs("models", "list", models)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        *(card.name for card in available()),
        "c5",
        "family",
        "nc2",
    ]
    assert "hierarchy of 2" in done.stdout
    assert "child: normal, periglomerular fibrosis" in done.stdout


def test_a_card_that_cannot_be_read_does_not_hide_the_others(models: Path) -> None:
    (models / "c5.json").write_text('{"format_version": 9}')
    done = ggs("models", "list", models)
    assert done.returncode == 2
    assert "format version 9" in done.stderr
    assert "nc2" in done.stdout


def test_show_says_what_a_person_has_to_know(models: Path) -> None:
    shown = ggs("models", "show", models / "family.json").stdout
    for words in (
        "For research, not diagnosis",
        "hierarchy of 2",
        "nc2.safetensors decides on normal, periglomerular fibrosis",
        "it cannot: non-glomerulus is not among its classes",
        "labelled by  two readers",
        "AIDPATH (CC BY 4.0, 10.17632/k7nvtgn2x6.3)",
    ):
        assert words in shown
    embedded = ggs("models", "show", DEFAULT_CLASSIFIER).stdout
    card = find(DEFAULT_CLASSIFIER).card
    assert f"circles with p(non-glomerulus) above {1 - card.t_glom:g}" in embedded
    assert "measured" in embedded


def test_verify_passes_what_is_intact_and_names_what_is_not(models: Path) -> None:
    assert ggs("models", "verify", models).returncode == 0
    (models / "nc2.safetensors").write_bytes(b"other")
    done = ggs("models", "verify", models, "nobody")
    assert done.returncode == 2
    assert f"{models / 'c5.json'}: classification, test_efficientnet, intact" in done.stdout
    assert "family" not in done.stdout
    complaints = done.stderr.splitlines()
    assert len(complaints) == 3
    assert "'nobody'" in complaints[2]


def test_verify_without_names_checks_what_is_embedded() -> None:
    done = ggs("models", "verify")
    assert done.returncode == 0, done.stderr
    assert all(f"{card.name}: {card.task}" in done.stdout for card in available())


def test_import_writes_a_model_and_shows_its_card(tmp_path: Path) -> None:
    network = timm.create_model("efficientnet_b0", num_classes=2)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "best.pth.tar")
    out = tmp_path / "binary.safetensors"
    classes = "sclerotic, non-sclerotic"
    words = ("--out", out, "--classes", classes, "--input-px", 96, "--normalisation", "half")
    done = ggs("models", "import", tmp_path / "best.pth.tar", *words)
    assert done.returncode == 0, done.stderr
    assert "it cannot: non-glomerulus is not among its classes" in done.stdout
    card = load_classifier(out).card
    assert (card.classes, card.input_px) == (("non-sclerotic", "sclerotic"), 96)


def test_combine_makes_one_model_of_several(tmp_path: Path) -> None:
    members = [classifier(tmp_path, name) for name in ("one", "two")]
    out = tmp_path / "both.json"
    done = ggs("models", "combine", "both", *members, "--kind", "ensemble", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "ensemble of 2" in done.stdout
    loaded = load_classifier(out)
    parents = tuple(f"{name} (patients not recorded)" for name in ("one", "two"))
    assert (loaded.card.name, loaded.card.parents) == ("both", parents)


def test_combine_says_where_members_must_be(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    members = [classifier(tmp_path, "one"), classifier(tmp_path / "far", "two")]
    out = tmp_path / "both.json"
    words = ("models", "combine", "both", *members, "--kind", "ensemble", "--out", out)
    done = ggs(*words)
    assert done.returncode == 2
    assert f"two.safetensors is not beside {out}" in done.stderr
    assert f"Copy it, with its card, to {tmp_path}" in done.stderr
    assert not out.exists()


def test_combine_refuses_what_cannot_answer_together(tmp_path: Path) -> None:
    members = [classifier(tmp_path, name) for name in ("one", "two")]
    out = tmp_path / "x.json"
    for chosen, kind, reason in (
        (members, "detectors", "a detectors is no classification model"),
        (members[:1], "ensemble", "has two members or more"),
        (members, "hierarchy", "do not go together"),
    ):
        done = ggs("models", "combine", "x", *chosen, "--kind", kind, "--out", out)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert reason in done.stderr
    assert not out.exists()


def test_import_refuses_other_files_in_one_line(tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.ones(2)}, tmp_path / "x.pth")
    done = ggs("models", "import", tmp_path / "x.pth", "--out", tmp_path / "x.safetensors")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be imported" in done.stderr
