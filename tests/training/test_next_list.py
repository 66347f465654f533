"""What is left of a list of circles to label next."""

from pathlib import Path

import pandas as pd
import pytest

from napari_ggs.errors import UserError
from napari_ggs.review import Labelled
from napari_ggs.store import CaseStore
from napari_ggs.training.next_list import NextList
from tests.training.drawings import KINDS
from tests.training.study import add_run, add_slide, did, write_slide


@pytest.fixture
def store(tmp_path: Path) -> CaseStore:
    """Two slides without labels."""
    with CaseStore.open(tmp_path / "study.ggs") as opened:
        for seed, name in enumerate(("Lee", "Roe")):
            write_slide(tmp_path / f"{name}.tif", KINDS, seed)
            add_run(opened, add_slide(opened, tmp_path / f"{name}.tif", name), len(KINDS))
        yield opened


@pytest.fixture
def found(tmp_path: Path) -> NextList:
    rows = [("Roe", 4), ("Lee", 2), ("Roe", 1)]
    table = pd.DataFrame(rows, columns=["slide", "circle"])
    table.assign(file=[str(tmp_path / f"{name}.tif") for name, _ in rows]).to_csv(
        tmp_path / "next.csv", index=False
    )
    return NextList.read(tmp_path / "next.csv")


def test_the_circles_of_a_slide_come_in_their_order(store: CaseStore, found: NextList) -> None:
    lee, roe = store.slides()
    assert found.circles(roe) == [4, 1]
    assert found.left(store, roe) == 2
    assert found.next_slide(store, but=lee.id) == (roe, 2)
    assert found.next_slide(store, but=roe.id) == (lee, 1)


def test_what_was_labelled_since_is_not_left(store: CaseStore, found: NextList) -> None:
    lee, roe = store.slides()
    did(store, store.standing_run(roe.id).id, Labelled((3,), "normal"))
    assert found.left(store, roe) == 1
    did(store, store.standing_run(lee.id).id, Labelled((1,), "normal"))
    assert found.next_slide(store, but=roe.id) is None


def test_a_slide_that_was_moved_is_known_by_its_name(store: CaseStore, found: NextList) -> None:
    moved = NextList(found.table.assign(file="/elsewhere/A.tif"))
    assert moved.circles(store.slides()[1]) == [4, 1]


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="no column slide: choose the circles anew"):
        NextList.read(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("")
    with pytest.raises(UserError, match="cannot be read"):
        NextList.read(tmp_path / "b.csv")
