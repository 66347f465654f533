"""Fixtures that every room of the house shares."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from napari_ggs.slides import Slide, open_slide

hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")

BESIDE = Path(__file__).parents[2] / "shared" / "data"

LONGEST = ("e2e", "studies", "cohort", "viewer", "report", "training")
"""Rooms whose tests take longest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long rooms: processes that share the files out then end at the same time."""
    items.sort(key=lambda item: item.path.parent.name not in LONGEST)


@pytest.fixture(scope="session", autouse=True)
def no_choices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No model that somebody chose on this machine is in use, and none is left in use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAPARI_GGS_MODELS", str(tmp_path_factory.mktemp("chosen")))
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real slides: required where NAPARI_GGS_DATA is set, else skipped if absent."""
    named = os.environ.get("NAPARI_GGS_DATA")
    folder = Path(named) if named else BESIDE
    if folder.is_dir():
        return folder
    if named:
        pytest.fail(f"NAPARI_GGS_DATA names {folder}, which is no folder.")
    pytest.skip(f"no real slides at {folder}")


@pytest.fixture(scope="session")
def kidney(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small phantom slide (2 x 1.6 mm at 1 um/px), its truth beside it as ``.truth.csv``."""
    from napari_ggs.phantom import PhantomSlide, write_slide, write_truth

    path = tmp_path_factory.mktemp("phantom") / "kidney.svs"
    phantom = PhantomSlide(2000, 1600, mpp=1.0, seed=11, outline="field")
    write_slide(phantom, path)
    write_truth(phantom, path.with_suffix(".truth.csv"))
    return path


@pytest.fixture
def kidney_slide(kidney: Path) -> Iterator[Slide]:
    """The small phantom slide, open."""
    with open_slide(kidney) as slide:
        yield slide
