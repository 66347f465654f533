"""What the job's own process tells, and what it tells when it cannot even begin."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import tifffile

from napari_ggs.glomeruli import Thresholds
from napari_ggs.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from napari_ggs.viewer import child
from napari_ggs.viewer.messages import Failure, Job, Step
from tests.slides.conftest import overwrite


@pytest.fixture
def job(kidney: Path) -> Job:
    return Job(kidney, 1.0, DEFAULT_DETECTOR, DEFAULT_CLASSIFIER, Thresholds())


def test_a_fault_of_the_installation_is_told_as_what_it_is(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "napari_ggs.detection", None)
    (message,) = child.messages(job, lambda: False)
    assert isinstance(message, Failure)
    assert "napari_ggs.detection" in message.words
    assert "memory" not in message.words


def test_each_damaged_tile_is_told_once_and_their_share_at_the_end(
    job: Job, tmp_path: Path
) -> None:
    slide = tmp_path / "damaged.svs"
    slide.write_bytes(job.slide.read_bytes())
    with tifffile.TiffFile(slide) as tiff:
        middle = len(tiff.pages[0].dataoffsets) // 2
    overwrite(slide, 0, [middle, middle + 1])
    steps = list(child.messages(replace(job, slide=slide), lambda: False))
    last = steps[-1]
    assert isinstance(last, Step)
    assert len(steps) > 1
    assert sum(len(step.faults) for step in steps) == 2
    assert last.faults == []
    assert 0 < last.unread < 0.5
    assert {step.unread for step in steps[:-1]} == {0.0}
