"""Pixels on disk are those that were written, and leave no file behind."""

import errno
from pathlib import Path

import numpy as np
import pytest

from napari_ggs.errors import UserError
from napari_ggs.training import mapped as module
from napari_ggs.training.mapped import mapped


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "user_cache_path", lambda _: tmp_path / "cache")
    return tmp_path / "cache"


def test_they_come_back_in_order_and_cannot_be_changed(cache: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 7, 7, 3), np.uint8)
    found = mapped((np.rot90(image) for image in images), 7)
    np.testing.assert_array_equal(found, np.rot90(images, axes=(1, 2)))
    assert not found.flags.writeable
    assert not list(cache.iterdir()), "the file has no name"


def test_none_are_an_empty_array() -> None:
    assert mapped([], 7).shape == (0, 7, 7, 3)


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "TemporaryFile", full)
    with pytest.raises(UserError, match=f"Cannot write {cache}: the disk is full"):
        mapped([np.zeros((7, 7, 3), np.uint8)], 7)
