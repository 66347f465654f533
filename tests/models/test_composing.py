"""Composites load as one model, and only with the members that they were made of."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from napari_ggs.classification import Ensemble, Hierarchy, build_network
from napari_ggs.detection import CircleNet, FusedDetector, Region
from napari_ggs.lesions import CIRCLEMIX, GGS
from napari_ggs.models import (
    DEFAULT_CLASSIFIER,
    DEFAULT_DETECTOR,
    Architecture,
    DataSource,
    Kind,
    ModelError,
    PatientsSeen,
    composite_card,
    find,
    load_classifier,
    load_detector,
    read_card,
    save_composite,
    save_model,
    verify,
)
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.slides import Slide
from tests.models.test_card import card

SMALL = "test_efficientnet"
NC2, C3, C2 = CIRCLEMIX.classes[:2], CIRCLEMIX.classes[2:], CIRCLEMIX.classes[3:]


def classifier(
    folder: Path, name: str, classes: tuple[str, ...] = GGS.classes, **changes: Any
) -> Path:
    torch.manual_seed(sum(map(ord, name)))
    network = build_network(SMALL, len(classes))
    about = {
        "name": name,
        "classes": classes,
        "architecture": Architecture(kind="classifier", backbone=SMALL),
    }
    return save_model(network.state_dict(), card(**about | changes), folder / f"{name}.safetensors")


def detector(folder: Path, name: str, **changes: Any) -> Path:
    torch.manual_seed(sum(map(ord, name)))
    network = CircleNet(SMALL, width=8)
    parameters = {"width": 8}
    about = {
        "name": name,
        "task": "detection",
        "classes": ("glomerulus",),
        "architecture": Architecture(kind="circlenet", backbone=SMALL, parameters=parameters),
        "margin_um": None,
        "mpp": 4.0,
        "max_radius_um": 160.0,
        "input_px": 128,
    }
    return save_model(network.state_dict(), card(**about | changes), folder / f"{name}.safetensors")


def saved(kind: Kind, members: list[Path], name: str = "together", **about: Any) -> Path:
    return save_composite(
        composite_card(name, kind, members, **about), members[0].parent / f"{name}.json"
    )


def patches(n: int = 3, side: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, side, side, 3), np.uint8)


@pytest.fixture
def folds(tmp_path: Path) -> list[Path]:
    return [classifier(tmp_path, f"fold{i}", temperature=1.0 + i) for i in range(3)]


def test_an_ensemble_answers_as_its_members_on_average(folds: list[Path]) -> None:
    loaded = load_classifier(saved("ensemble", folds))
    each = [load_classifier(fold).classifier.classify(patches()) for fold in folds]
    np.testing.assert_allclose(loaded.classifier.classify(patches()), sum(each) / 3)
    assert isinstance(loaded.classifier, Ensemble)
    assert loaded.classifier.scheme is GGS
    assert loaded.card.network == "ensemble of 3"


def test_a_hierarchy_puts_the_first_member_above_the_others(tmp_path: Path) -> None:
    parts = {"c5": CIRCLEMIX.classes, "nc2": NC2, "c3": C3, "c2": C2}
    files = [classifier(tmp_path, name, classes) for name, classes in parts.items()]
    loaded = load_classifier(saved("hierarchy", files))
    family = loaded.classifier
    assert isinstance(family, Hierarchy)
    assert [child.scheme.classes for child in family.children] == [NC2, C3, C2]
    assert [member.classes for member in loaded.card.members] == [(), NC2, C3, C2]
    np.testing.assert_allclose(family.classify(patches()).sum(axis=1), 1)


def test_a_composite_may_be_a_member(tmp_path: Path) -> None:
    parents = [classifier(tmp_path, f"c5_{i}", CIRCLEMIX.classes) for i in range(2)]
    children = [classifier(tmp_path, f"c3_{i}", C3) for i in range(2)]
    both = [saved("ensemble", parents, "c5"), saved("ensemble", children, "c3")]
    assert isinstance(load_classifier(saved("hierarchy", both)).classifier, Hierarchy)


def test_several_detectors_load_as_one(tmp_path: Path) -> None:
    members = [detector(tmp_path, "one"), detector(tmp_path, "two", max_radius_um=200.0)]
    loaded = load_detector(saved("detectors", members))
    fused = loaded.detector
    assert isinstance(fused, FusedDetector)
    assert (fused.mpp, fused.input_px, fused.max_radius_um) == (4.0, 128, 200.0)
    assert loaded.card.max_radius_um == 200.0
    assert len(fused.detect(patches(), 0.1)) == 3


def test_the_card_gathers_what_the_members_were_made_from(tmp_path: Path) -> None:
    about = [
        {"labelled_by": "A", "patients_seen": PatientsSeen(training=("p1", "p2"))},
        {"labelled_by": "B", "patients_seen": PatientsSeen(training=("p2", "p3"))},
    ]
    sources = [(DataSource(name="x", licence="CC0"),), (DataSource(name="y", licence="CC0"),)]
    members = [
        classifier(tmp_path, f"m{i}", t_glom=0.4 + 0.2 * i, data=data, **fields)
        for i, (fields, data) in enumerate(zip(about, sources, strict=True))
    ]
    made = read_card(saved("ensemble", members, metrics={"macro_f1": 0.7}))
    assert made.patients_seen.training == ("p1", "p2", "p3")
    assert made.labelled_by == "A; B"
    assert [source.name for source in made.data] == ["x", "y"]
    assert made.parents == ("m0", "m1")
    assert made.t_glom == pytest.approx(0.5)
    assert made.metrics == {"macro_f1": 0.7}
    assert made.created is not None


def test_a_missing_member_is_named(folds: list[Path]) -> None:
    together = saved("ensemble", folds)
    folds[1].unlink()
    with pytest.raises(ModelError, match=r"fold1\.safetensors is not beside it"):
        load_classifier(together)


def test_a_member_that_was_trained_anew_is_refused(folds: list[Path]) -> None:
    together = saved("ensemble", folds)
    classifier(folds[0].parent, "other").rename(folds[1])
    (folds[0].parent / "other.json").rename(folds[1].with_suffix(".json"))
    with pytest.raises(ModelError, match=r"fold1\.safetensors is not the model that together"):
        load_classifier(together)


def test_a_member_whose_weights_were_altered_is_refused(folds: list[Path]) -> None:
    together = saved("ensemble", folds)
    data = bytearray(folds[2].read_bytes())
    data[-1] ^= 1
    folds[2].write_bytes(bytes(data))
    with pytest.raises(ModelError, match=r"fold2\.safetensors is not the file that its card"):
        verify(together)


def test_a_list_of_members_that_was_changed_by_hand_is_refused(folds: list[Path]) -> None:
    together = saved("ensemble", folds)
    other = classifier(folds[0].parent, "other")
    text = together.read_text().replace(find(folds[0]).card.sha256, find(other).card.sha256)
    together.write_text(text.replace("fold0.safetensors", "other.safetensors"))
    with pytest.raises(ModelError, match="changed by hand"):
        load_classifier(together)


def test_members_that_do_not_go_together_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    pairs = {
        "ensemble": [classifier(tmp_path, "a"), classifier(tmp_path, "b", margin_um=20.0)],
        "hierarchy": [classifier(tmp_path, "c", CIRCLEMIX.classes), classifier(tmp_path, "d")],
        "detectors": [detector(tmp_path, "e"), detector(tmp_path, "f", mpp=5.0)],
    }
    for kind, members in pairs.items():
        with pytest.raises(ModelError, match="do not go together"):
            saved(kind, members)
    assert not (tmp_path / "together.json").exists()


def test_members_elsewhere_are_refused(folds: list[Path], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    made = composite_card("far", "ensemble", folds)
    with pytest.raises(ModelError, match=r"fold0\.safetensors is not beside it"):
        save_composite(made, tmp_path / "elsewhere" / "far.json")


def test_the_card_of_another_model_is_not_replaced(folds: list[Path]) -> None:
    made = composite_card("fold0", "ensemble", folds)
    with pytest.raises(ModelError, match="card of another model"):
        save_composite(made, folds[0].with_suffix(".json"))
    with pytest.raises(ModelError, match=r"end it in \.json"):
        save_composite(made, folds[0].with_name("x.safetensors"))


def test_the_pipeline_runs_composites_as_it_runs_single_models(
    kidney_slide: Slide, tmp_path: Path
) -> None:
    names = [DEFAULT_DETECTOR, DEFAULT_CLASSIFIER]
    pairs = [[copied(name, tmp_path / f"{i}-{name}.safetensors") for i in "12"] for name in names]
    kinds: list[Kind] = ["detectors", "ensemble"]
    twice = [saved(kind, pair, kind) for kind, pair in zip(kinds, pairs, strict=True)]
    tables = []
    for detector_file, classifier_file in (names, twice):
        detector, classifier = load_detector(detector_file), load_classifier(classifier_file)
        run = detect_and_classify(
            kidney_slide, detector[0], classifier[0], region=Region(600, 400, 800, 800)
        )
        tables.append([step.table for step in run][-1])
    alone, both = tables
    assert len(alone) > 0
    pd.testing.assert_frame_equal(both, alone, check_index_type=False, atol=1e-6)


def copied(name: str, to: Path) -> Path:
    found = find(name)
    shutil.copy(found.path, to)
    shutil.copy(found.path.with_suffix(".json"), to.with_suffix(".json"))
    return to


def test_a_child_does_not_answer_alone(tmp_path: Path) -> None:
    child = classifier(tmp_path, "c2", C2)
    with pytest.raises(ModelError, match=r"knows only solidified, disappearing.*hierarchy"):
        load_classifier(child)
    assert verify(child).classes == C2


def test_a_plain_model_loads_by_its_card_too(folds: list[Path]) -> None:
    by_card, by_weights = (
        load_classifier(file).classifier.classify(patches())
        for file in (folds[0].with_suffix(".json"), folds[0])
    )
    np.testing.assert_array_equal(by_card, by_weights)


def test_cards_are_read_without_torch(folds: list[Path]) -> None:
    script = (
        "import sys; from pathlib import Path; from napari_ggs import models\n"
        "from napari_ggs.models.describing import described\n"
        "folder = Path(sys.argv[1])\n"
        "print(len([described(models.find(file)) for file in models.models_in(folder)]))\n"
        "print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(folds[0].parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", "False"]
