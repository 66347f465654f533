from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_ggs.detection.tiling import OVERLAP_UM, Region, _spans, plan
from napari_ggs.slides import SlideError, open_slide

Write = Callable[[NDArray[np.uint8], float], Path]


@given(
    st.floats(0, 3000), st.floats(1, 9000), st.floats(0, 2000), st.sampled_from([0.25, 0.499, 1.0])
)
def test_every_centre_is_seen_with_its_whole_glomerulus(
    low: float, length: float, beyond: float, mpp: float
) -> None:
    """In um: whatever the region, each place is in a core, and 200 um around it in its tile."""
    micron, end = 1 / mpp, (low + length + beyond) / mpp
    pixel = 4 * micron
    spans = _spans(low * micron, (low + length) * micron, end, pixel, 512, micron)
    for place in np.linspace(low, low + length * 0.9999, 50) * micron:
        holding = [s for s in spans if s.low <= place < s.high]
        assert holding
        reach = OVERLAP_UM / 2 * micron - 20 * micron - pixel
        for span in holding:
            assert span.start <= max(place - reach, 0)
            assert span.start + 512 * pixel >= min(place + reach, end) - pixel


def tissue(height: int, width: int, box: tuple[slice, slice]) -> NDArray[np.uint8]:
    """White glass with textured purple tissue in a box."""
    image = np.full((height, width, 3), 243, dtype=np.uint8)
    noise = np.random.default_rng(0).integers(-40, 40, (*image[box].shape[:2], 1))
    image[box] = np.clip(np.array([170, 80, 150]) + noise, 0, 255)
    return image


def test_only_tissue_is_looked_at(write: Write) -> None:
    image = tissue(1600, 3200, (slice(200, 600), slice(200, 600)))
    with open_slide(write(image, 2.0)) as slide:
        tiles = plan(slide, None, mpp=4.0, input_px=256)
        everywhere = plan(slide, Region(200, 200, 400, 400), mpp=4.0, input_px=256)
    cores = [tile.core for tile in tiles]
    assert any(core.contains(400, 400) for core in cores)
    assert not any(core.contains(2500, 400) for core in cores)
    assert len(everywhere) <= len(tiles)


def test_glass_alone_has_no_tiles(write: Write) -> None:
    with open_slide(write(np.full((800, 800, 3), 243, np.uint8), 2.0)) as slide:
        assert plan(slide, None, mpp=4.0, input_px=256) == []


def test_a_slide_smaller_than_a_tile_is_one_tile(write: Write) -> None:
    image = tissue(300, 200, (slice(50, 250), slice(20, 180)))
    with open_slide(write(image, 1.0)) as slide:
        [tile] = plan(slide, None, mpp=4.0, input_px=256)
    assert tile == (0, 0, (0, 0, 200, 300))


def test_a_region_outside_the_slide_has_no_tiles(write: Write) -> None:
    image = tissue(300, 200, (slice(50, 250), slice(20, 180)))
    with open_slide(write(image, 1.0)) as slide:
        assert plan(slide, Region(500, 0, 100, 100), mpp=4.0, input_px=256) == []


def test_a_slide_without_microns_per_pixel_is_refused(tmp_path: Path) -> None:
    import tifffile

    tifffile.imwrite(
        tmp_path / "bare.tif", np.zeros((512, 512, 3), np.uint8), tile=(256, 256), photometric="rgb"
    )
    with (
        open_slide(tmp_path / "bare.tif") as slide,
        pytest.raises(SlideError, match="microns per pixel"),
    ):
        plan(slide, None, mpp=4.0, input_px=256)
