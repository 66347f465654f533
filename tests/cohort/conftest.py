"""What the cohort's tests share: small slides, the models, and one cluster of two workers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client

from napari_ggs.cohort.clusters import local
from napari_ggs.cohort.shipping import unpack
from napari_ggs.cohort.work import Bundle, Work, choose_work
from napari_ggs.slides import open_slide
from napari_ggs.store import CaseStore
from tests.cohort.making import write_slide


@pytest.fixture(scope="session")
def slides(kidney: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four small slides, .9 x .8 mm each, of different tissue."""
    folder = tmp_path_factory.mktemp("slides")
    with open_slide(kidney) as slide:
        return [
            write_slide(
                folder / f"{row}{column}.tif", slide.read(1000 * column, 780 * row, 900, 800)
            )
            for row in range(2)
            for column in range(2)
        ]


@pytest.fixture(scope="session")
def chosen(no_choices: None) -> tuple[Work, Bundle]:  # noqa: ARG001
    """The models that come along."""
    return choose_work(device="cpu")


@pytest.fixture(scope="session")
def work(chosen: tuple[Work, Bundle]) -> Work:
    return chosen[0]


@pytest.fixture(scope="session")
def models_here(chosen: tuple[Work, Bundle], tmp_path_factory: pytest.TempPathFactory) -> None:
    """This process has the models as a worker has them."""
    unpack(chosen[1], tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    """Two workers in processes of their own, over TCP."""
    with local(workers=2, memory="1.5GB") as client:
        yield client


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CaseStore]:
    with CaseStore.open(tmp_path / "study.ggs") as store:
        yield store
