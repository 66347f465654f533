"""Only weights are read from checkpoints, and nothing in them is run."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_ggs.models import ModelError
from napari_ggs.models.checkpoints import read_checkpoint

WEIGHTS = {"module.a.weight": torch.ones(2), "module.b.weight": torch.zeros(3)}


class Trap:
    """Makes a folder where it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("holder", ["state_dict", "model"])
def test_weights_are_found_where_training_scripts_put_them(
    tmp_path: Path, holder: str, zipped: bool
) -> None:
    content = {holder: WEIGHTS, "epoch": 3, "best_acc": np.float64(0.7), "optimizer": {"lr": 0.1}}
    path = tmp_path / "model_best.pth.tar"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    state = read_checkpoint(path)
    assert list(state) == ["a.weight", "b.weight"]
    assert torch.equal(state["a.weight"], torch.ones(2))


def test_numbers_of_older_numpys_are_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "old.pth.tar"
    content = {"state_dict": WEIGHTS, "best_acc": np.float64(0.7)}
    torch.save(content, path, _use_new_zipfile_serialization=False)
    renamed = path.read_bytes().replace(b"numpy._core.", b"numpy.core.")
    assert renamed != path.read_bytes()
    path.write_bytes(renamed)
    assert list(read_checkpoint(path)) == ["a.weight", "b.weight"]


def test_bare_weights_are_read_as_they_are(tmp_path: Path) -> None:
    torch.save({"module.a": torch.ones(2), "b": torch.ones(1)}, tmp_path / "w.pth")
    assert list(read_checkpoint(tmp_path / "w.pth")) == ["module.a", "b"]


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    trap = Trap(tmp_path / "sprung")
    torch.save({"state_dict": WEIGHTS, "extra": trap}, tmp_path / "trap.pth")
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(trap))
    np.savez(tmp_path / "trap.npz", a=np.array([trap], dtype=object))
    torch.save(torch.nn.Linear(2, 2), tmp_path / "whole.pth")
    said = {
        "trap.pth": r"holds more than weights \(\w+\.mkdir\)",
        "bare.pth": "no PyTorch checkpoint of weights",
        "whole.pth": r"holds more than weights \(torch\.nn\.modules\.linear\.Linear\)",
        "trap.npz": "no .npz archive of numbers",
    }
    for name, words in said.items():
        with pytest.raises(ModelError, match=words):
            read_checkpoint(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["damaged.pth", "damaged.pth.tar", "damaged.npz"])
@pytest.mark.parametrize("content", [b"", b"Dear colleague", b"PK\x03\x04cut"])
def test_a_damaged_file_gets_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged.*Get the file again") as caught:
        read_checkpoint(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"), [([1, 2], "it is a list"), ({"lr": 0.1, "x": 2}, "it has lr, x")]
)
def test_a_file_without_weights_says_what_it_has(
    tmp_path: Path, content: object, said: str
) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(ModelError, match=f"holds no weights .{said}"):
        read_checkpoint(tmp_path / "w.pth")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no file .*gone\.pth"):
        read_checkpoint(tmp_path / "gone.pth")
