"""A slide that is shared out among workers has the table of one process that does all."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_ggs.cohort.analysis import Analysed, analysis, surveying
from napari_ggs.cohort.faults import WorkFault, fault_of
from napari_ggs.cohort.holding import Place, stamp_of
from napari_ggs.cohort.work import Work
from napari_ggs.pipeline import Progress
from napari_ggs.slides import SlideError
from tests.cohort.making import assert_same, in_one, write_slide

pytestmark = pytest.mark.usefixtures("models_here")


@pytest.fixture(scope="module")
def whole(kidney: Path, work: Work, models_here: None) -> Progress:  # noqa: ARG001
    """The kidney, twice as large, in one process."""
    return in_one(kidney, work, 2.0)


def shared_out(place: Place, work: Work, **sizes: int) -> tuple[Analysed, list[int]]:
    """The work on a slide, part by part, and how many parts each step has."""
    call = surveying(place, work)
    steps, counts = analysis(place, work, call.function(*call.arguments), **sizes), []
    results: Any = None
    while True:
        try:
            calls = steps.send(results)
        except StopIteration as end:
            return end.value, counts
        counts.append(len(calls))
        results = [call.function(*call.arguments) for call in calls]


def place_of(path: Path, mpp: float | None = None) -> Place:
    return Place(path, mpp, stamp_of(path))


@pytest.mark.parametrize(("tiles", "crops"), [(4, 50), (8, 1000)])
def test_the_table_is_that_of_one_process(
    kidney: Path, work: Work, whole: Progress, tiles: int, crops: int
) -> None:
    found, counts = shared_out(place_of(kidney, 2.0), work, tiles=tiles, crops=crops)
    assert whole.total > 4
    assert counts == [-(-whole.total // tiles), 1, -(-len(found.table) // crops)]
    assert_same(found.table, whole.table)
    assert found.missed == whole.missed == 0


def test_what_a_worker_cannot_read_is_missed(
    slides: list[Path], work: Work, tmp_path: Path
) -> None:
    damaged = write_slide(tmp_path / "damaged.tif", tifffile.imread(slides[0]))
    with tifffile.TiffFile(damaged) as tiff:
        at, size = (tiff.pages[0].tags[tag].value[5] for tag in ("TileOffsets", "TileByteCounts"))
    content = bytearray(damaged.read_bytes())
    content[at : at + size] = bytes(size)
    damaged.write_bytes(content)
    found, counts = shared_out(place_of(damaged), work)
    assert 0 < found.missed < 0.5
    assert len(counts) == 4, "the share that was missed is seen to when all is known"
    expected = in_one(damaged, work)
    assert_same(found.table, expected.table)
    assert found.missed == expected.missed


def test_a_slide_of_glass_has_nothing_to_share_out(work: Work, tmp_path: Path) -> None:
    glass = write_slide(tmp_path / "glass.tif", np.full((700, 700, 3), 243, np.uint8))
    found, counts = shared_out(place_of(glass), work)
    assert counts == [0, 1, 0]
    assert len(found.table) == found.missed == 0


def test_a_fault_comes_back_in_plain_words(work: Work, tmp_path: Path) -> None:
    with pytest.raises(WorkFault, match="There is no file") as raised:
        shared_out(place_of(tmp_path / "none.svs"), work)
    assert raised.value.kind == "user"


def test_only_what_may_go_by_itself_is_passing() -> None:
    hiccup = SlideError("one.svs cannot be read")
    hiccup.__cause__ = OSError(errno.EIO, "Input/output error")
    refused = SlideError("one.svs may not be read")
    refused.__cause__ = PermissionError(errno.EACCES, "Permission denied")
    faults = (
        hiccup, OSError(errno.ESTALE, "Stale file handle"), MemoryError("12 GB"),
        refused, SlideError("damaged"), OSError("no TIFF"), ZeroDivisionError(),
    )  # fmt: skip
    kinds = [fault_of(fault).kind for fault in faults]
    assert kinds == ["passing"] * 3 + ["user"] * 2 + ["ours"] * 2
