"""A cohort on real workers: every slide once, whatever it is called and whatever happens to it."""

import os
import shutil
from pathlib import Path

import pytest
from distributed import Client

from napari_ggs.cohort.manifest import Entry
from napari_ggs.cohort.work import Bundle, Work, choose_work
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.review import Labelled
from napari_ggs.store import CaseStore, fold
from tests.cohort.making import assert_same, in_one, run_cohort, runs_of, task_of, told
from tests.training.study import did

Chosen = tuple[Work, Bundle]


@pytest.mark.usefixtures("models_here")
def test_each_slide_becomes_a_run_as_one_process_makes_it(
    client: Client, chosen: Chosen, store: CaseStore, slides: list[Path]
) -> None:
    work = chosen[0]
    entries = [Entry(path, f"P{i // 2}", f"C{i}") for i, path in enumerate(slides)]
    cohort = run_cohort(client, chosen, store, entries)
    assert set(told(cohort).values()) == {"done"}
    assert cohort.code == 0
    assert store.verify() == []
    assert [slide.patient for slide in sorted(store.slides(), key=lambda s: s.path)] == [
        "P0", "P0", "P1", "P1",
    ]  # fmt: skip
    for path in slides:
        task = task_of(store, path)
        run, expected = store.run(task.run), in_one(path, work)
        table = store.table(run.id)
        assert len(table) > 0
        assert_same(table, expected.table)
        assert (run.models, run.thresholds) == (work.models, work.thresholds)
        assert run.info["complete"]
        assert run.info["missed"] == expected.missed
        assert run.info["work"] == task.work == work.key()


def test_a_bad_slide_is_told_of_and_the_others_go_on(
    client: Client, chosen: Chosen, store: CaseStore, slides: list[Path], tmp_path: Path
) -> None:
    cut = tmp_path / "cut.tif"
    cut.write_bytes(slides[1].read_bytes()[:2000])
    cohort = run_cohort(client, chosen, store, [slides[0], cut, tmp_path / "none.svs"])
    assert told(cohort) == {"00.tif": "done", "cut.tif": "failed", "none.svs": "failed"}
    assert cohort.code == 2
    file, text = cohort.report(tmp_path / "reports")
    assert file.read_text() == text + "\n"
    assert "3 slides: 1 done, 2 failed" in text
    assert f"failed: {tmp_path / 'none.svs'}: There is no file" in text
    assert f"failed: {cut}: cut.tif" in text
    shutil.copy(slides[1], cut)
    again = run_cohort(client, chosen, store, [slides[0], cut])
    assert told(again) == {"00.tif": "done", "cut.tif": "done"}
    assert (again.about.before, again.code) == (1, 0)
    assert runs_of(store) == [1, 1]


def test_what_is_done_is_not_done_again_under_any_name(
    client: Client, chosen: Chosen, store: CaseStore, slides: list[Path], tmp_path: Path
) -> None:
    first = Path(shutil.copy(slides[0], tmp_path / "first.tif"))
    run_cohort(client, chosen, store, [first])
    os.utime(first, (1, 1))
    copied = Path(shutil.copy(first, tmp_path / "copied.tif"))
    twins = [Path(shutil.copy(slides[1], tmp_path / f"twin{i}.tif")) for i in range(2)]
    cohort = run_cohort(client, chosen, store, [first, copied, *twins])
    states = told(cohort)
    assert states["first.tif"] == "done"
    assert states["copied.tif"] == "skipped"
    assert sorted(states[twin.name] for twin in twins) == ["done", "skipped"]
    assert task_of(store, copied).run == task_of(store, first).run
    assert task_of(store, twins[0]).run == task_of(store, twins[1]).run
    assert "the same slide as" in task_of(store, copied).reason
    assert runs_of(store) == [1, 1]
    assert run_cohort(client, chosen, store, [first, copied, *twins]).about.before == 4


def test_other_thresholds_are_other_work_and_keep_what_was_said(
    client: Client, chosen: Chosen, store: CaseStore, slides: list[Path]
) -> None:
    run_cohort(client, chosen, store, slides[:1])
    first = task_of(store, slides[0]).run
    did(store, first, Labelled((0, 1), NON_GLOMERULUS))
    other = choose_work(t_glom=0.9, device="cpu")
    cohort = run_cohort(client, other, store, slides[:1])
    [task] = cohort.tasks()
    assert task.run != first
    assert runs_of(store) == [2]
    said = fold(store.table(task.run), store.events(task.run), "ann")
    assert (said["own_label"] == NON_GLOMERULUS).sum() == 2
    assert store.verify() == []


def test_a_slide_of_somebody_else_is_refused_and_a_pseudonym_gets_its_name(
    client: Client, chosen: Chosen, store: CaseStore, slides: list[Path], tmp_path: Path
) -> None:
    run_cohort(client, chosen, store, slides[:1])
    run_cohort(client, chosen, store, [Entry(slides[0], "Kim", "K1")])
    assert (store.slides()[0].patient, store.slides()[0].case) == ("Kim", "K1")
    copied = Path(shutil.copy(slides[0], tmp_path / "copied.tif"))
    cohort = run_cohort(client, chosen, store, [Entry(copied, "Lee", "L1")])
    assert told(cohort) == {"copied.tif": "failed"}
    assert "of the patient Kim" in task_of(store, copied).reason
    assert store.slides()[0].patient == "Kim"


def test_a_finished_case_is_left_alone(
    client: Client, chosen: Chosen, store: CaseStore, slides: list[Path]
) -> None:
    run_cohort(client, chosen, store, [Entry(slides[0], "Kim", "K1")])
    store.finish_case("K1", store.begin_session("ann"), {})
    other = choose_work(t_glom=0.9, device="cpu")
    cohort = run_cohort(client, other, store, [Entry(slides[0], "Kim", "K1")])
    assert told(cohort) == {"00.tif": "failed"}
    assert "case K1 is finished" in cohort.tasks()[0].reason
    assert runs_of(store) == [1]


def test_one_that_is_stopped_goes_on(
    client: Client, chosen: Chosen, store: CaseStore, slides: list[Path]
) -> None:
    seen: list[int] = []
    stopped = run_cohort(
        client, chosen, store, slides,
        lambda now: seen.append(now.done), lambda: seen[-1] > 0,
    )  # fmt: skip
    states = list(told(stopped).values())
    assert set(states) <= {"done", "waiting"}
    assert states.count("waiting") > 0
    assert stopped.about.ended_early
    whole = run_cohort(client, chosen, store, slides)
    assert set(told(whole).values()) == {"done"}
    assert runs_of(store) == [1, 1, 1, 1]
