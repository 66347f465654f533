"""Fields from phantoms and from real tissue."""

from pathlib import Path

import numpy as np
import pytest

from napari_ggs.training.detection_recipe import AidpathFields, PhantomFields
from napari_ggs.training.detection_sources import described, fields_of
from napari_ggs.training.recipe import RecipeError

MPP = 2.0


def ignore(_done: int, _total: int) -> None:
    """Nobody watches."""


def test_phantoms_are_drawn_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    source = PhantomFields(kind="phantom", slides=1, seed=3, side_um=400, outlines=("field",))
    drawn: list[tuple[int, int]] = []
    [field] = fields_of(source, MPP, lambda *done: drawn.append(done)).training
    assert field.size == (200, 200)
    assert drawn == [(1, 1)]
    [again] = fields_of(source, MPP, lambda *done: drawn.append(done)).training
    assert drawn == [(1, 1)]
    np.testing.assert_array_equal(again.circles, field.circles)
    np.testing.assert_array_equal(again.pixels.read(0, 0, 200), field.pixels.read(0, 0, 200))


def test_real_fields_have_circles_in_their_own_pixels(real_data: Path) -> None:
    source = AidpathFields(kind="aidpath", folder=real_data / "aidpath")
    fields = {field.name: field for field in fields_of(source, MPP, ignore).training}
    assert sum(len(field.circles) for field in fields.values()) == 10
    assert fields["aidpath-B"].size == (1024, 512)
    np.testing.assert_allclose(fields["aidpath-B"].circles[0], [252.3, 118.5, 62.9], atol=0.1)
    assert described(source).doi == "10.17632/k7nvtgn2x6.3"


def test_a_held_out_field_is_only_tested_on(real_data: Path) -> None:
    source = AidpathFields(kind="aidpath", folder=real_data / "aidpath", held_out=("aidpath-B",))
    fields = fields_of(source, MPP, ignore)
    assert [field.name for field in fields.test] == ["aidpath-B"]
    assert "aidpath-B" not in {field.name for field in fields.training + fields.selection}


def test_a_field_that_does_not_exist_cannot_be_held_out(real_data: Path) -> None:
    source = AidpathFields(kind="aidpath", folder=real_data / "aidpath", held_out=("region_B",))
    with pytest.raises(RecipeError, match=r"region_B.*there are aidpath-A, aidpath-B"):
        fields_of(source, MPP, ignore)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    source = AidpathFields(kind="aidpath", folder=tmp_path / "nowhere")
    with pytest.raises(RecipeError, match="nowhere"):
        fields_of(source, MPP, ignore)
