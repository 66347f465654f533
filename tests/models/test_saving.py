"""A model is saved whole or not at all."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from napari_ggs.errors import UserError
from napari_ggs.models import ModelError, read_card, save_model
from tests.models.test_card import card


def test_floats_are_stored_in_half_precision_and_integers_as_they_are(tmp_path: Path) -> None:
    state = {"weight": torch.tensor([0.5, -1.25]), "count": torch.tensor(70_000)}
    stored = load_file(save_model(state, card(), tmp_path / "model.safetensors"))
    assert stored["weight"].dtype == torch.float16
    assert stored["weight"].tolist() == [0.5, -1.25]
    assert stored["count"].dtype == torch.int64
    assert stored["count"].item() == 70_000


def test_values_beyond_half_precision_stay_in_single(tmp_path: Path) -> None:
    stored = load_file(
        save_model({"variance": torch.tensor([1e6])}, card(), tmp_path / "model.safetensors")
    )
    assert stored["variance"].tolist() == [1e6]


def test_single_precision_keeps_the_weights_as_they_are(tmp_path: Path) -> None:
    state = {"weight": torch.tensor([0.1, 1e-9])}
    stored = load_file(save_model(state, card(), tmp_path / "m.safetensors", torch.float32))
    assert torch.equal(stored["weight"], state["weight"])


def test_the_card_beside_it_names_the_weights_by_their_hash(tmp_path: Path) -> None:
    path = save_model({"weight": torch.ones(3)}, card(), tmp_path / "model.safetensors")
    beside = read_card(tmp_path / "model.json")
    assert beside.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert beside.created is not None


def test_nothing_temporary_is_left(tmp_path: Path) -> None:
    save_model({"weight": torch.ones(3)}, card(), tmp_path / "model.safetensors")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.json", "model.safetensors"]


def test_where_writing_fails_the_old_model_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_model({"weight": torch.ones(3)}, card(), tmp_path / "model.safetensors")
    before = path.read_bytes()

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UserError, match="disk is full"):
        save_model({"weight": torch.zeros(3)}, card(), path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"end it in \.safetensors"):
        save_model({}, card(), tmp_path / "model.pt")
