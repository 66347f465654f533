"""The command goes on after its process was killed, and ends with the same weights to the bit."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from napari_ggs.training import train
from napari_ggs.training.logs import log_path
from napari_ggs.training.state import state_path
from tests.posix import needs_sigkill
from tests.training.drawings import write_patches, write_recipe


def killed_after_an_epoch(log: Path, command: list[str]) -> int:
    """Start a command and kill it as soon as its log has a row; return its exit code."""
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") > 1):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        return process.wait()


@needs_sigkill
def test_a_killed_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    folder = write_patches(tmp_path / "p", ("ann", "bob", "eve"), each=1)
    recipe = write_recipe(tmp_path / "r.toml", folder, epochs=6, batches=4)
    out, whole = tmp_path / "m.safetensors", tmp_path / "whole.safetensors"
    command = [sys.executable, "-m", "napari_ggs", "train", str(recipe), "--out", str(out)]
    assert killed_after_an_epoch(log_path(out), command) == -signal.SIGKILL
    assert not out.exists()
    shares: list[float] = []
    train(recipe, out, lambda share, _: shares.append(share))
    train(recipe, whole)
    assert 0 < shares[0] < 1
    assert out.read_bytes() == whole.read_bytes()
    assert not state_path(out).exists()
