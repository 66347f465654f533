"""Older files become present ones by steps; newer ones are refused."""

import sqlite3

import pytest

from napari_ggs.store import CaseStore, StoreError, export_study, import_study, layout
from tests.store.studies import assert_whole, finished, label, reader


def add_stain(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE slides ADD COLUMN stain TEXT NOT NULL DEFAULT 'PAS'")


def stains(store: CaseStore) -> list[str]:
    with store.database.reading() as db:
        return [stain for (stain,) in db.execute("SELECT stain FROM slides")]


@pytest.fixture
def older(store):
    """A study of the present layout, closed; the event that it has, and its run."""
    run = finished(store)
    event = label(reader(store, run), 2)
    store.close()
    return store.path, event, run


def test_an_older_file_is_brought_up_to_date_with_all_that_is_in_it(older, monkeypatch) -> None:
    path, event, run = older
    monkeypatch.setattr(layout, "STEPS", [*layout.STEPS, add_stain])
    for _ in range(2):
        with CaseStore.open(path) as store:
            assert stains(store) == ["PAS"]
            assert_whole(store, [event], run)


def test_a_new_file_goes_through_the_same_steps(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(layout, "STEPS", [*layout.STEPS, add_stain])
    with CaseStore.open(tmp_path / "new.ggs") as store:
        finished(store)
        assert stains(store) == ["PAS"]


def test_a_step_that_fails_leaves_the_file_as_it_was(older, monkeypatch) -> None:
    path, event, run = older

    def half(db: sqlite3.Connection) -> None:
        add_stain(db)
        raise ZeroDivisionError

    monkeypatch.setattr(layout, "STEPS", [*layout.STEPS, half])
    with pytest.raises(ZeroDivisionError):
        CaseStore.open(path)
    monkeypatch.undo()
    with CaseStore.open(path) as store:
        assert_whole(store, [event], run)


def test_a_file_of_a_newer_version_is_refused_and_left_alone(older, monkeypatch) -> None:
    path, _, _ = older
    monkeypatch.setattr(layout, "STEPS", [*layout.STEPS, add_stain])
    CaseStore.open(path).close()
    before = path.read_bytes()
    monkeypatch.undo()
    known = len(layout.STEPS)
    words = rf"newer napari-ggs \(layout {known + 1}; .* up to {known}\).*update"
    with pytest.raises(StoreError, match=words):
        CaseStore.open(path)
    assert path.read_bytes() == before


def test_an_older_export_is_brought_up_to_date(older, tmp_path, monkeypatch) -> None:
    path, event, run = older
    with CaseStore.open(path) as store:
        export_study(store, tmp_path / "old.jsonl.gz")
    monkeypatch.setattr(layout, "STEPS", [*layout.STEPS, add_stain])
    with CaseStore.open(tmp_path / "new.ggs") as store:
        import_study(tmp_path / "old.jsonl.gz", store)
        assert stains(store) == ["PAS"]
        assert_whole(store, [event], run)
        export_study(store, tmp_path / "new.jsonl.gz")
    monkeypatch.undo()
    with (
        CaseStore.open(tmp_path / "target.ggs") as store,
        pytest.raises(StoreError, match="exported by a newer napari-ggs"),
    ):
        import_study(tmp_path / "new.jsonl.gz", store)
