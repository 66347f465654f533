"""Every backend gives the pixels and the um/px that OpenSlide gives."""

import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import openslide
import pytest
from numpy.typing import NDArray

from napari_ggs.slides import Slide, open_slide
from napari_ggs.slides.openslide_backend import OpenSlideBackend

from .conftest import HALF_MICRON, picture
from .formats import over_white

SLIDES = [
    ("slides/CMU-1-Small-Region.svs", "tiff"),
    ("slides/CMU-1-Small-Region_dicom", "openslide"),
    ("slides/tcga-cr-7395-01a-01-ts1.svs", "tiff"),
    ("slides/boxes.tiff", "tiff"),
    ("slides/boxes_0.dcm", "openslide"),
    ("slides/boxes_1.dcm", "openslide"),
    ("slides/small.svs", "tiff"),
    ("aidpath/regions/aidpath_region_A.tif", "tiff"),
    ("aidpath/regions/aidpath_region_B.tif", "tiff"),
]
COMPRESSIONS = {
    "none": {},
    "LZW": {"compression": "lzw", "predictor": True},
    "deflate": {"compression": "adobe_deflate", "predictor": True},
    "JPEG as YCbCr": {
        "compression": "jpeg",
        "photometric": "ycbcr",
        "subsampling": (2, 2),
        "compressionargs": {"level": 80},
    },
    "JPEG as YCbCr, full chroma": {
        "compression": "jpeg",
        "photometric": "ycbcr",
        "subsampling": (1, 1),
        "compressionargs": {"level": 80},
    },
    "JPEG as RGB": {"compression": "jpeg", "photometric": "rgb"},
}


def openslide_file(path: Path) -> Path:
    """A file that OpenSlide opens: the first one of a DICOM folder."""
    return min(path.glob("*.dcm")) if path.is_dir() else path


def openslide_window(
    handle: openslide.OpenSlide, level: int, window: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    """A window of a level as OpenSlide reads it, over white."""
    x, y, width, height = window
    return over_white(handle.read_region((x, y), level, (width, height)))


def tolerance(slide: Slide) -> int:
    """JPEG 2000 decoders round differently by one grey level; all others agree bit for bit."""
    return int(slide.properties.get("compression") == "JPEG 2000")


def largest_difference(slide: Slide, path: Path) -> int:
    """Largest difference to OpenSlide over each level; of a large level 0 over its last corner.

    OpenSlide places windows by level-0 px, so coarser levels are compared from their origin.
    """
    with openslide.OpenSlide(path) as reference:
        worst = 0
        for level, (width, height) in enumerate(reference.level_dimensions):
            x, y = (0, 0) if level else (max(0, width - 2000), max(0, height - 2000))
            window = x, y, width - x, height - y
            ours = slide.pyramid.region(level, *window)
            theirs = openslide_window(reference, level, window)
            worst = max(worst, int((np.maximum(ours, theirs) - np.minimum(ours, theirs)).max()))
        return worst


@pytest.mark.real_data
@pytest.mark.parametrize(("file", "backend"), SLIDES)
class TestRealSlides:
    def test_pixels_are_openslides(self, real_data: Path, file: str, backend: str) -> None:
        with open_slide(real_data / file) as slide:
            assert slide.backend == backend
            difference = largest_difference(slide, openslide_file(real_data / file))
            assert difference <= tolerance(slide)

    def test_sizes_and_resolution_are_openslides(
        self, real_data: Path, file: str, backend: str
    ) -> None:
        with open_slide(real_data / file) as slide:
            assert slide.backend == backend
            reference = openslide.OpenSlide(openslide_file(real_data / file))
            assert (slide.width, slide.height) == reference.dimensions
            in_file = tuple((g.width, g.height) for g in slide.pyramid.backend.grids)
            assert in_file == reference.level_dimensions
            stated = float(reference.properties.get("openslide.mpp-x", "nan"))
            credible = 0.05 <= stated <= 20
            assert slide.mpp == (pytest.approx(stated, rel=1e-6) if credible else None)

    def test_random_windows_across_tiles_are_openslides(
        self, real_data: Path, file: str, backend: str
    ) -> None:
        rng = np.random.default_rng(1)
        with open_slide(real_data / file) as slide:
            assert slide.backend == backend
            reference = openslide.OpenSlide(openslide_file(real_data / file))
            for _ in range(5):
                x, y = (int(rng.integers(-9, side)) for side in (slide.width, slide.height))
                expected = np.asarray(reference.read_region((x, y), 0, (301, 257))).astype(int)
                found = slide.read(x, y, 301, 257).astype(int)
                seen = expected[..., 3] == 255
                assert (abs(found - expected[..., :3])[seen] <= tolerance(slide)).all()
                assert (found[~seen] == 255).all()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_generated_tiffs_are_read_as_openslide_reads_them(
    make_tiff: Callable[..., Path], compression: str
) -> None:
    levels = [picture(333, 201), picture(166, 100, seed=1)]
    path = make_tiff(levels, **COMPRESSIONS[compression], **HALF_MICRON)
    with open_slide(path) as slide:
        assert slide.backend == "tiff"
        assert slide.mpp == pytest.approx(0.5)
        assert len(slide.pyramid.backend.grids) == 2
        assert largest_difference(slide, path) == 0


@pytest.mark.real_data
def test_both_backends_agree_on_one_file(real_data: Path) -> None:
    path = real_data / "slides/CMU-1-Small-Region.svs"
    with open_slide(path) as ours:
        other = Slide(path, OpenSlideBackend(path))
        assert (ours.width, ours.height, ours.mpp) == (other.width, other.height, other.mpp)
        assert ours.fingerprint == other.fingerprint
        np.testing.assert_array_equal(
            ours.read(33.3, 700.7, 200, 150, mpp=2.2), other.read(33.3, 700.7, 200, 150, mpp=2.2)
        )
        assert (ours.tissue().mask == other.tissue().mask).all()


@pytest.mark.real_data
@pytest.mark.parametrize("file", [file for file, _ in SLIDES])
def test_threads_read_what_one_thread_reads(real_data: Path, file: str) -> None:
    rng = np.random.default_rng(2)
    with open_slide(real_data / file) as slide, open_slide(real_data / file) as other:
        places = rng.integers(0, (slide.width, slide.height), (24, 2)).tolist()
        expected = [other.read(x, y, 200, 200) for x, y in places]
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda place: slide.read(*place, 200, 200), places))
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ProcessPoolExecutor]:
    """Another process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


def corner(slide: Slide) -> NDArray[np.uint8]:
    """What another process reads of a slide that was sent to it."""
    return slide.read(900, 800, 40, 30, mpp=1.0)


@pytest.mark.real_data
@pytest.mark.parametrize("file", [file for file, _ in SLIDES])
def test_another_process_reads_the_same(
    real_data: Path, elsewhere: ProcessPoolExecutor, file: str
) -> None:
    with open_slide(real_data / file, mpp=0.25) as slide:
        np.testing.assert_array_equal(elsewhere.submit(corner, slide).result(), corner(slide))
        copy = pickle.loads(pickle.dumps(slide))  # noqa: S301
        assert (copy, copy.mpp) == (slide, 0.25)
