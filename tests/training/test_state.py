"""The state of a training comes back as it was, or says why not."""

import errno
from pathlib import Path

import pytest
import torch
from torch import nn, optim

from napari_ggs.errors import UserError
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.state import (
    optimiser_tensors,
    restore_optimiser,
    save_state,
    saved_state,
    state_path,
)

MADE_BY = {"recipe": "r1", "data": "d1"}
PARTS = {"network": {"a.weight": torch.tensor([1.5, -0.25]), "n": torch.tensor(3)}}


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    save_state(tmp_path / "s", MADE_BY, PARTS, {"epoch": 4, "best": 0.1})
    saved = saved_state(tmp_path / "s", MADE_BY)
    assert saved is not None
    assert saved.about == {"epoch": 4, "best": 0.1}
    assert saved.parts.keys() == {"network"}
    for key, value in PARTS["network"].items():
        torch.testing.assert_close(saved.parts["network"][key], value, rtol=0, atol=0)


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    assert saved_state(tmp_path / "s", MADE_BY) is None


@pytest.mark.parametrize(
    ("made_by", "other"),
    [
        ({"recipe": "r2", "data": "d1"}, "other recipe"),
        ({"recipe": "r2", "data": "d2"}, "other recipe and data"),
    ],
)
def test_the_state_of_another_training_is_refused(
    tmp_path: Path, made_by: dict[str, str], other: str
) -> None:
    save_state(tmp_path / "s", MADE_BY, PARTS, {})
    with pytest.raises(TrainingError, match=rf"another training \({other}\).*--no-resume") as fault:
        saved_state(tmp_path / "s", made_by)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("cut", [0, 5, 100])
def test_what_is_no_state_is_refused(tmp_path: Path, cut: int) -> None:
    save_state(tmp_path / "s", MADE_BY, PARTS, {})
    (tmp_path / "s").write_bytes((tmp_path / "s").read_bytes()[:cut])
    with pytest.raises(TrainingError, match=r"s is no state of a training .*--no-resume"):
        saved_state(tmp_path / "s", MADE_BY)


def test_a_full_disk_is_said_and_the_state_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_state(tmp_path / "s", MADE_BY, PARTS, {"epoch": 1})

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match="the disk is full"):
        save_state(tmp_path / "s", MADE_BY, PARTS, {"epoch": 2})
    saved = saved_state(tmp_path / "s", MADE_BY)
    assert saved is not None
    assert saved.about == {"epoch": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_states_are_beside_their_model() -> None:
    assert state_path(Path("a/m.safetensors")) == Path("a/m.training.safetensors")


@pytest.mark.parametrize("kind", [optim.Adam, lambda w: optim.SGD(w, lr=0.1, momentum=0.9)])
def test_an_optimiser_goes_on_as_if_nothing_had_been(kind: type[optim.Optimizer]) -> None:
    def start() -> tuple[nn.Module, optim.Optimizer]:
        torch.manual_seed(0)
        network = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        return network, kind(network.parameters())

    def learn(network: nn.Module, optimiser: optim.Optimizer, steps: int) -> None:
        for step in range(steps):
            torch.manual_seed(step)
            optimiser.zero_grad()
            network(torch.randn(2, 3, 8, 8)).square().sum().backward()
            optimiser.step()

    (whole, one), (before, two), (after, three) = start(), start(), start()
    learn(whole, one, 3)
    learn(whole, one, 2)
    learn(before, two, 3)
    after.load_state_dict(before.state_dict())
    restore_optimiser(three, optimiser_tensors(two))
    for weight, values in three.state.items():
        moved = (v for v in values.values() if isinstance(v, torch.Tensor) and v.ndim == 4)
        assert all(value.stride() == weight.stride() for value in moved)
    learn(after, three, 2)
    for a, b in zip(whole.parameters(), after.parameters(), strict=True):
        assert torch.equal(a, b)
