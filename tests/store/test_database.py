"""A study's file: what is one and what is not, and faults that leave it as it was."""

import functools
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from napari_ggs.errors import UserError
from napari_ggs.store import CaseStore, StoreError, database
from tests.store.studies import assert_whole, finished, info, label, note, reader


def test_a_study_is_made_once_and_found_again(tmp_path) -> None:
    path = tmp_path / "study.ggs"
    with CaseStore.open(path) as store:
        slide = store.add_slide(info())
        assert store.path == path
    with CaseStore.open(str(path), create=False) as again:
        assert [found.id for found in again.slides()] == [slide]


def test_a_study_that_is_not_there_is_only_made_if_wanted(tmp_path) -> None:
    with pytest.raises(StoreError, match=r"There is no study .*absent\.ggs"):
        CaseStore.open(tmp_path / "absent.ggs", create=False)
    assert not list(tmp_path.iterdir())
    with pytest.raises(StoreError, match="check that its folder exists"):
        CaseStore.open(tmp_path / "no folder" / "study.ggs")


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path) -> None:
    path = tmp_path / "letter.ggs"
    path.write_text("Dear colleague, " * 100)
    with pytest.raises(StoreError, match="is no study"):
        CaseStore.open(path)
    assert path.read_text() == "Dear colleague, " * 100
    assert [file.name for file in tmp_path.iterdir()] == ["letter.ggs"]


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path) -> None:
    path = tmp_path / "other.ggs"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (a)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="database of another program"):
        CaseStore.open(path)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_study(tmp_path) -> None:
    (tmp_path / "study.ggs").touch()
    with CaseStore.open(tmp_path / "study.ggs") as store:
        assert store.verify() == []


def test_several_that_make_the_same_study_at_once_get_the_same(tmp_path) -> None:
    def add(number: int) -> None:
        with CaseStore.open(tmp_path / "study.ggs") as store:
            store.add_slide(info(f"{number:02}"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(8)))
    with CaseStore.open(tmp_path / "study.ggs") as store:
        assert len(store.slides()) == 8
        assert store.verify() == []


def test_commits_reach_the_disk_and_references_are_kept(store) -> None:
    assert store.journal_mode == "wal"
    with store.database.reading() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)


class _WithoutWal(sqlite3.Connection):
    """A disk that answers the wish for WAL with the journal that it has."""

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        return super().execute("PRAGMA journal_mode" if sql.endswith("=wal") else sql, *values)


class _FailingAtWal(sqlite3.Connection):
    """A disk that gives an error at the wish for WAL."""

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        if sql.endswith("=wal"):
            error = sqlite3.OperationalError("locking protocol")
            error.sqlite_errorcode = sqlite3.SQLITE_PROTOCOL
            raise error
        return super().execute(sql, *values)


@pytest.mark.parametrize("factory", [_WithoutWal, _FailingAtWal])
def test_where_wal_does_not_take_a_plain_journal_does(factory, tmp_path, monkeypatch) -> None:
    connect = functools.partial(sqlite3.connect, factory=factory)
    monkeypatch.setattr(database.sqlite3, "connect", connect)
    with CaseStore.open(tmp_path / "study.ggs") as store:
        assert store.journal_mode == "truncate"
        run = finished(store)
        event = label(reader(store, run), 3)
    monkeypatch.undo()
    with CaseStore.open(tmp_path / "study.ggs") as store:
        assert_whole(store, [event], run)


@pytest.mark.skipif(os.name == "nt", reason="that way of locking is Unix's")
def test_a_disk_without_shared_memory_gets_a_plain_journal(tmp_path, monkeypatch) -> None:
    def connect(path: Path, **settings: object) -> sqlite3.Connection:
        return real(f"file:{path}?vfs=unix-dotfile", uri=True, **settings)

    real = sqlite3.connect
    monkeypatch.setattr(database.sqlite3, "connect", connect)
    with CaseStore.open(tmp_path / "study.ggs") as store:
        assert store.journal_mode == "truncate"
        run = finished(store)
        assert_whole(store, [label(reader(store, run), 3)], run)


def test_a_study_that_stays_locked_is_said_and_works_once_it_is_free(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with CaseStore.open(tmp_path / "study.ggs") as store:
        run = finished(store)
        journal = reader(store, run)
        other = sqlite3.connect(store.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"study\.ggs: another program keeps it locked"):
            label(journal, 1)
        other.execute("ROLLBACK")
        other.close()
        assert_whole(store, [label(journal, 2)], run)


def test_a_writer_waits_for_another_one_to_be_done(store, run) -> None:
    other = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.2, other.execute, ["COMMIT"])
    done.start()
    event = label(reader(store, run), 1)
    done.join()
    other.close()
    assert_whole(store, [event], run)


def test_a_full_disk_is_said_and_nothing_is_lost_or_half_written(store, run) -> None:
    journal = reader(store, run)
    kept = [label(journal, 1)]
    with store.database.reading() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(UserError, match="the disk is full: free some space"):
        kept += (note(journal, "x" * 1000) for _ in range(1000))
    assert_whole(store, kept, run)
    with store.database.reading() as db:
        db.execute(f"PRAGMA max_page_count={pages + 100}")
    kept.append(label(journal, 2))
    assert_whole(store, kept, run)


def test_a_study_that_cannot_be_written_can_be_looked_at(store, run) -> None:
    event = label(reader(store, run), 1)
    with store.database.reading() as db:
        db.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreError, match="it cannot be written to"):
        store.begin_session("bob")
    assert_whole(store, [event], run)


def spoil(path: Path, since: int) -> None:
    with path.open("r+b") as file:
        file.seek(since)
        file.write(b"\xa5" * (path.stat().st_size - since))


def test_a_damaged_file_is_said(store) -> None:
    finished(store, n=200)
    store.close()
    spoil(store.path, store.path.stat().st_size * 3 // 4)
    with CaseStore.open(store.path) as damaged:
        assert any("damaged" in problem for problem in damaged.verify())
    spoil(store.path, 4096)
    with pytest.raises(StoreError, match="it is damaged: put back a copy"):
        CaseStore.open(store.path)
