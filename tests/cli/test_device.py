"""--device: one option for all commands that compute."""

from pathlib import Path

import pytest
import torch

from tests.test_cli import ggs

COMMANDS = {
    "run": ("none.svs", "--out", "out"),
    "evaluate": ("none.svs", "--truth", "none.csv", "--out", "out"),
    "classify": (".", "--out", "scores.csv"),
    "reproduce": ("transfer", "--out", "out"),
    "train detector_lite0": ("--out", "m.safetensors"),
    "train paper_ggs_bit_r50x1": ("--out", "m.safetensors"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_gpu_that_is_not_there_is_one_line_before_anything_is_done(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = ggs(*command.split(), *COMMANDS[command], "--device", "cuda")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: A GPU is asked for (cuda), but PyTorch finds none: use --device auto or cpu, or "
        "install a build of PyTorch that fits the GPU and its driver."
    ]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["run", "evaluate", "classify", "reproduce", "train"])
def test_another_device_is_refused_with_those_that_there_are(command: str) -> None:
    done = ggs(command, "x", "--out", "out", "--device", "tpu", COLUMNS="200")
    assert done.returncode == 2
    assert all(word in done.stderr for word in ("auto", "cpu", "cuda"))
