"""Cards say everything about a model and refuse what does not match."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from napari_ggs.lesions import GGS
from napari_ggs.models import Architecture, DataSource, ModelCard, ModelError, read_card


def card(**changes: Any) -> ModelCard:
    fields: dict[str, Any] = {
        "name": "small",
        "task": "classification",
        "architecture": Architecture(kind="classifier", backbone="efficientnet_lite0"),
        "classes": GGS.classes,
        "margin_um": 12.5,
        "input_px": 64,
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "data": (DataSource(name="AIDPATH", doi="10.17632/k7nvtgn2x6.3", licence="CC BY 4.0"),),
    }
    return ModelCard.model_validate(fields | changes)


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "model.json"
    path.write_text(json.dumps(card().model_dump(mode="json") | changes))
    return path


def test_a_card_reads_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_card(written(tmp_path)) == card()


def test_a_card_says_that_it_is_for_research() -> None:
    assert "research, not diagnosis" in card().notes


def test_another_format_version_is_refused_with_both_versions(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"version 7.*reads version 1"):
        read_card(written(tmp_path, format_version=7))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"colour": "pink"}, "colour"),
        ({"input_px": "large"}, "input_px"),
        ({"task": "segmentation"}, "task"),
        ({"temperature": 0}, "temperature"),
    ],
)
def test_a_field_that_does_not_match_is_named(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(ModelError, match=named):
        read_card(written(tmp_path, **changes))


def test_a_card_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"No model card at .*Copy both"):
        read_card(tmp_path / "model.json")


def test_a_classifier_needs_its_margin() -> None:
    with pytest.raises(ValidationError, match="margin_um"):
        card(margin_um=None)


def test_a_detector_needs_its_resolution_and_largest_radius() -> None:
    with pytest.raises(ValidationError, match="mpp and max_radius_um"):
        card(
            task="detection",
            classes=("glomerulus",),
            architecture=Architecture(kind="circlenet", backbone="dla34"),
        )


def test_a_detector_whose_tiles_are_nearly_all_overlap_is_refused() -> None:
    small = {
        "task": "detection",
        "classes": ("glomerulus",),
        "architecture": Architecture(kind="circlenet", backbone="dla34"),
        "mpp": 1.0,
        "max_radius_um": 200.0,
        "margin_um": None,
    }
    with pytest.raises(ValidationError, match=r"400 um wide.*give it 500 px or more"):
        card(**small, input_px=400)
    assert card(**small, input_px=500).input_px == 500


def test_a_network_of_another_task_is_refused() -> None:
    with pytest.raises(ValidationError, match="a circlenet is no classification model"):
        card(architecture=Architecture(kind="circlenet", backbone="dla34"))


def test_a_classifier_needs_its_normalisation() -> None:
    with pytest.raises(ValidationError, match="needs mean and std"):
        card(mean=None, std=None)


def test_a_card_that_is_no_text_gets_one_line(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(b"\xff\xfe\x00card")
    with pytest.raises(ModelError, match=r"model\.json is no model card"):
        read_card(tmp_path / "model.json")


def test_a_child_s_classes_are_a_part_of_a_scheme_in_its_order() -> None:
    child = card(classes=("solidified", "disappearing"))
    assert child.is_child
    assert child.scheme.sclerotic == ("solidified", "disappearing")
    assert not card().is_child
    with pytest.raises(ValidationError, match="No class scheme"):
        card(classes=("disappearing", "solidified"))


def composite(**changes: Any) -> ModelCard:
    fields: dict[str, Any] = {
        "architecture": Architecture(kind="ensemble"),
        "members": [{"file": f"{i}.safetensors", "sha256": str(i) * 64} for i in range(3)],
        "mean": None,
        "std": None,
    }
    return card(**fields | changes)


def test_a_composite_says_what_it_is_made_of() -> None:
    assert composite().network == "ensemble of 3"
    assert card().network == "efficientnet_lite0"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"members": []}, "two members or more"),
        ({"architecture": Architecture(kind="classifier", backbone="x")}, "needs mean and std"),
        ({"temperature": 2.0}, "no temperature"),
        ({"members": [{"file": "../a.safetensors", "sha256": "a" * 64}] * 2}, "file"),
        ({"members": [{"file": "a.safetensors", "sha256": "a"}] * 2}, "sha256"),
    ],
)
def test_a_composite_that_is_none_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        composite(**changes)


def test_a_network_has_no_members() -> None:
    with pytest.raises(ValidationError, match="a classifier has no members"):
        card(members=composite().members)


def test_a_classifier_s_classes_are_a_known_scheme() -> None:
    with pytest.raises(ValidationError, match="No class scheme"):
        card(classes=("round", "square"))
