"""Whether a training that is killed goes on to the same weights, bit for bit.

    python benchmarks/kill_and_resume.py benchmarks/kill_detector.toml [--kills 10] [--seed 0]
    python benchmarks/kill_and_resume.py benchmarks/kill_classifier.toml

Trains by the recipe once undisturbed; then, for each kill, begins afresh, is killed with SIGKILL
at a random moment (a random row of its log, and a random part of the time to the next), and is
started again by the same command. Compares the SHA-256 of the final weights and the losses in the
logs. For detectors and classifiers alike; start it from the folder that the recipe's paths are
relative to, and change no code meanwhile.
"""

import argparse
import csv
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from napari_ggs.training.logs import log_path
from napari_ggs.training.state import state_path


def command(recipe: str, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "napari_ggs", "train", recipe, "--out", str(out), *options]


def train(recipe: str, out: Path, *options: str) -> float:
    """Train to the end; return the seconds."""
    start = time.perf_counter()
    subprocess.run(command(recipe, out, *options), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def train_and_kill(recipe: str, out: Path, moment: float, row_seconds: float) -> bool:
    """Train and, at a moment in rows of the log, kill it and its children; false if too late."""
    with subprocess.Popen(
        command(recipe, out, "--no-resume"), stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        while process.poll() is None and rows(out) < int(moment):
            time.sleep(0.01)
        time.sleep(moment % 1 * row_seconds)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode == -signal.SIGKILL


def rows(out: Path) -> int:
    """Rows of the log so far."""
    log = log_path(out)
    return max(0, log.read_bytes().count(b"\n") - 1) if log.is_file() else 0


def weights(out: Path) -> str:
    return hashlib.sha256(out.read_bytes()).hexdigest()[:16]


def losses(out: Path) -> list[str]:
    """The losses of all steps, as the log has them."""
    with log_path(out).open(newline="") as file:
        return [row["loss"] for row in csv.DictReader(file)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="keep the models here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        undisturbed = folder / "undisturbed.safetensors"
        seconds = train(args.recipe, undisturbed, "--no-resume")
        expected = weights(undisturbed), losses(undisturbed)
        length, same = rows(undisturbed), 0
        print(f"undisturbed: {seconds:.0f} s, {length} rows of log, {expected[0]}", flush=True)
        for number, share in enumerate(np.random.default_rng(args.seed).random(args.kills), 1):
            out = folder / f"killed-{number}.safetensors"
            killed = train_and_kill(args.recipe, out, share * length, seconds / length)
            state = f"killed after {rows(out)} rows" if killed else "done before it was killed"
            if state_path(out).is_file() or not out.is_file():
                train(args.recipe, out)
            found = weights(out), losses(out)
            same += found == expected
            verdict = "the same" if found == expected else "DIFFERENT"
            print(f"{number}: {state}; then {found[0]}, {verdict}", flush=True)
    print(f"{same} of {args.kills} ended with the undisturbed weights and losses")
    sys.exit(same != args.kills)


if __name__ == "__main__":
    main()
