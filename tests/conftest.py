"""Fixtures that every room of the house shares."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).parents[2] / "shared" / "data"


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
