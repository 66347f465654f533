from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_ggs.detection.tiling import Region, _spans, plan
from napari_ggs.errors import UserError
from napari_ggs.slides import SlideError, open_slide
from napari_ggs.tile_size import OVERLAP_UM

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
    cores = [tile.core for tile in tiles]
    assert any(core.contains(400, 400) for core in cores)
    assert not any(core.contains(2500, 400) for core in cores)


def test_a_region_is_covered_and_nothing_beyond_it(write: Write) -> None:
    image = tissue(1600, 1600, (slice(100, 1500), slice(100, 1500)))
    region = Region(200, 300, 700, 500)
    with open_slide(write(image, 2.0)) as slide:
        cores = [tile.core for tile in plan(slide, region, mpp=4.0, input_px=256)]
    seen = np.zeros((1600, 1600), dtype=bool)
    for core in cores:
        seen[int(core.y) : int(core.y + core.height), int(core.x) : int(core.x + core.width)] = True
    assert len(cores) > 1
    assert seen[300:800, 200:900].all()
    assert seen.sum() == 500 * 700


def test_tiles_that_are_nearly_all_overlap_are_refused(write: Write) -> None:
    image = tissue(1600, 1600, (slice(100, 1500), slice(100, 1500)))
    with (
        open_slide(write(image, 0.5)) as slide,
        pytest.raises(UserError, match=r"A slide cannot be searched: .*256 um wide.*1000 px"),
    ):
        plan(slide, None, mpp=0.5, input_px=512)


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
