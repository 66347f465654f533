"""What is drawn in other processes comes in order, and ends when nobody wants more."""

import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

from napari_ggs.training.processes import in_processes


def test_results_come_in_the_order_of_the_jobs_and_are_counted() -> None:
    steps: list[tuple[int, int]] = []
    found = list(in_processes(pow, [(n, 2) for n in range(5)], lambda *step: steps.append(step)))
    assert found == [0, 1, 4, 9, 16]
    assert steps == [(n, 5) for n in range(1, 6)]


def slowly(path: Path) -> None:
    time.sleep(0.1)
    path.touch()


def test_jobs_that_nobody_has_begun_are_dropped(tmp_path: Path) -> None:
    def enough(*_: int) -> None:
        raise KeyboardInterrupt

    jobs = [(tmp_path / str(number),) for number in range(100)]
    with pytest.raises(KeyboardInterrupt):
        list(in_processes(slowly, jobs, enough))
    done = len(list(tmp_path.iterdir()))
    assert 1 <= done < 50
    time.sleep(0.3)
    assert len(list(tmp_path.iterdir())) == done


def needs_torch(module: str) -> bool:
    import_module(module)
    return "torch" in sys.modules


def test_who_draws_phantoms_does_not_import_torch() -> None:
    modules = [f"napari_ggs.training.{name}" for name in ("phantom_patches", "detection_phantoms")]
    assert list(in_processes(needs_torch, [(m,) for m in modules], lambda *_: None)) == [False] * 2
