"""A phantom is drawn once, then opened from the cache."""

from dataclasses import replace
from pathlib import Path

import pytest

from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.phantom import PhantomSlide
from napari_ggs.viewer import sample
from napari_ggs.viewer.sample import CORE, FIELD, MIX, MPP, Sample


def test_a_phantom_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    small = replace(FIELD, width=250, height=200)
    ((levels, options, _),) = sample.open_phantom(small)
    assert levels[0].shape == (400, 500, 3)
    assert options["name"] == "PAS kidney phantom, field of cortex"
    (drawn,) = (tmp_path / "cache").iterdir()
    before = drawn.stat().st_mtime_ns
    sample.open_phantom(small)
    assert drawn.stat().st_mtime_ns == before


@pytest.mark.parametrize("made", [CORE, FIELD], ids=["core", "field"])
def test_a_sample_shows_every_class(made: Sample) -> None:
    phantom = PhantomSlide(
        made.width, made.height, mpp=MPP, seed=made.seed, outline=made.outline, mix=MIX
    )
    assert set(phantom.truth["label"]) - {NON_GLOMERULUS} == set(MIX)
