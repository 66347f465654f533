from collections.abc import Iterator
from pathlib import Path

import pytest

from napari_ggs.store import CaseStore
from tests.store.studies import finished


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CaseStore]:
    with CaseStore.open(tmp_path / "study.ggs") as store:
        yield store


@pytest.fixture
def run(store: CaseStore) -> int:
    """A finished run of six circles."""
    return finished(store)
