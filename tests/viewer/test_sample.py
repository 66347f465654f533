"""The phantom is drawn once, then opened from the cache."""

from pathlib import Path

import pytest

from napari_ggs.viewer import sample


def test_the_phantom_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "SIZE_UM", (500.0, 400.0))
    monkeypatch.setattr(sample, "MPP", 1.0)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    ((levels, options, _),) = sample.phantom_slide()
    assert levels[0].shape == (400, 500, 3)
    assert options["name"] == "PAS kidney phantom"
    (drawn,) = (tmp_path / "cache").iterdir()
    before = drawn.stat().st_mtime_ns
    sample.phantom_slide()
    assert drawn.stat().st_mtime_ns == before
