"""What a cohort has to do is kept in the study, and what is done stays done."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from napari_ggs.store import CaseStore, NewTask, export_study, import_study, layout
from tests.store.studies import begun, finished, info, rows_of

PATH, WORK = Path("/slides/one.svs"), "f" * 64


def task(path: Path = PATH, stamp: str = "5:1", **about: str) -> NewTask:
    return NewTask(path, WORK, stamp, about)


def states(store: CaseStore) -> list[str]:
    return [each.state for each in store.tasks()]


@pytest.fixture
def done(store: CaseStore) -> CaseStore:
    """A study with one task, which is done; its run is the first."""
    store.plan_tasks([task()])
    store.begin_task(PATH, WORK)
    store.end_task(PATH, WORK, "done", fingerprint="ab" * 32, run=finished(store))
    return store


def test_a_task_waits_runs_and_ends(store: CaseStore) -> None:
    store.plan_tasks([task(level="2", genotype="G1")])
    [waiting] = store.tasks()
    assert (waiting.state, waiting.attempts, waiting.began) == ("waiting", 0, None)
    assert waiting.about == {"level": "2", "genotype": "G1"}
    store.begin_task(PATH, WORK)
    assert states(store) == ["running"]
    store.end_task(PATH, WORK, "failed", "it is damaged")
    [failed] = store.tasks()
    assert (failed.state, failed.reason, failed.attempts) == ("failed", "it is damaged", 1)
    assert failed.began is not None
    assert failed.ended >= failed.began
    assert failed.run is failed.fingerprint is None


def test_planned_again_all_wait_but_what_is_done_in_the_same_file(done: CaseStore) -> None:
    failed = Path("/slides/two.svs")
    done.plan_tasks([task(failed)])
    done.begin_task(failed, WORK)
    done.end_task(failed, WORK, "failed", "it is damaged")
    done.plan_tasks([task(genotype="G0"), task(failed)])
    assert states(done) == ["done", "waiting"]
    assert [each.reason for each in done.tasks()] == ["", ""]
    assert done.tasks()[0].about == {"genotype": "G0"}
    done.plan_tasks([task(stamp="")])
    assert states(done) == ["done", "waiting"], "a file that was put away was not changed"
    done.plan_tasks([task(stamp="6:2")])
    assert states(done) == ["waiting", "waiting"]


def test_work_on_a_content_is_found_whatever_becomes_of_the_file(done: CaseStore) -> None:
    done.plan_tasks([task(stamp="6:2")])
    done.end_task(PATH, WORK, "failed", "it is damaged")
    found = done.done_task("ab" * 32, WORK)
    assert found is not None
    assert found.run == 1
    assert done.done_task("ab" * 32, "0" * 64) is None
    assert done.done_task("cd" * 32, WORK) is None


def test_what_nobody_does_any_more_waits(store: CaseStore) -> None:
    store.plan_tasks([task(), task(Path("/slides/two.svs"))])
    store.begin_task(PATH, WORK)
    assert store.release_tasks() == 1
    assert states(store) == ["waiting", "waiting"]
    assert [each.attempts for each in store.tasks()] == [1, 0]


def test_what_was_not_planned_cannot_begin(store: CaseStore) -> None:
    with pytest.raises(KeyError, match="plan it first"):
        store.begin_task(PATH, WORK)


def test_a_study_without_tasks_gets_their_table(tmp_path: Path) -> None:
    path = tmp_path / "older.ggs"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        layout.upgrade(db, since=0, to=2)
        db.execute("COMMIT")
        assert "tasks" not in layout.tables(db)
    with CaseStore.open(path) as store:
        run = finished(store)
        store.plan_tasks([task()])
        store.end_task(PATH, WORK, "done", fingerprint="ab" * 32, run=run)
        assert store.verify() == []
        assert states(store) == ["done"]


def test_tasks_go_with_the_study_and_keep_their_runs(done: CaseStore, tmp_path: Path) -> None:
    failed = Path("/slides/two.svs")
    done.plan_tasks([task(failed)])
    done.end_task(failed, WORK, "failed", "it is damaged")
    export_study(done, tmp_path / "study.jsonl.gz")
    with CaseStore.open(tmp_path / "other.ggs") as other:
        finished(other, slide=info("cd", "other.svs"))
        other.plan_tasks([task(failed)])
        import_study(tmp_path / "study.jsonl.gz", other)
        assert other.verify() == []
        assert states(other) == ["done", "waiting"], "its own stays"
        [moved, _] = other.tasks()
        assert moved.run == 2
        assert other.table(moved.run).equals(done.table(1))


def keep_and_fail(store: CaseStore) -> None:
    with store.database.writing():
        run = begun(store)
        store.add_circles(run, rows_of(3))
        store.end_task(PATH, WORK, "done", fingerprint="ab" * 32, run=run)
        assert states(store) == ["done"]
        raise ZeroDivisionError


def test_parts_of_a_transaction_are_kept_together_or_not_at_all(store: CaseStore) -> None:
    store.plan_tasks([task()])
    with pytest.raises(ZeroDivisionError):
        keep_and_fail(store)
    assert store.slides() == []
    assert states(store) == ["waiting"]
    assert finished(store) == 1
    with store.database.reading(), pytest.raises(sqlite3.OperationalError, match="transaction"):
        store.release_tasks()
