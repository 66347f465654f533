"""napari-ggs cohort: a manifest in, a study and a report out, faults in one line."""

import hashlib
import json
import os
import signal
import time
from pathlib import Path
from threading import Thread

import pytest
from distributed import Client

from napari_ggs.store import CaseStore
from tests.test_cli import Done, ggs


@pytest.fixture
def manifest(slides: list[Path], tmp_path: Path) -> Path:
    path = tmp_path / "manifest.csv"
    rows = (f"{slide},P{i},group{i % 2}" for i, slide in enumerate(slides[:2]))
    path.write_text("\n".join(["slide,patient,arm", *rows, "none.svs,P9,group0"]))
    return path


def cohort(manifest: Path, client: Client, *words: object) -> Done:
    study, address = manifest.with_name("s.ggs"), client.scheduler.address
    given = ("--study", study, "--scheduler", address, "--device", "cpu")
    return ggs("cohort", manifest, *given, *words)


def test_a_cohort_is_done_told_and_can_be_repeated(manifest: Path, client: Client) -> None:
    out = manifest.parent / "reports"
    done = cohort(manifest, client, "--out", out)
    assert done.returncode == 2
    assert "manifest.csv into s.ggs: 3 slides: 2 done, 1 failed" in done.stdout
    assert f"failed: {manifest.parent / 'none.svs'}: There is no file" in done.stdout
    assert "dashboard: http://" in done.stdout
    [file] = out.glob("s.cohort-*.json")
    told = json.loads(file.read_text())
    assert file.with_suffix(".txt").read_text() in done.stdout
    assert told["command"][1:3] == ["cohort", str(manifest)]
    assert told["manifest"]["sha256"] == hashlib.sha256(manifest.read_bytes()).hexdigest()
    assert told["states"]["done"] == 2
    assert told["workers"] == 2
    assert [slide["state"] for slide in told["slides"]] == ["done", "done", "failed"]
    assert [slide["about"]["arm"] for slide in told["slides"]] == ["group0", "group1", "group0"]
    with CaseStore.open(manifest.with_name("s.ggs")) as store:
        assert {slide.patient for slide in store.slides()} == {"P0", "P1"}
        assert len(store.tasks()) == 3


def test_a_dry_run_says_what_would_be_done(
    manifest: Path, client: Client, slides: list[Path]
) -> None:
    before = cohort(manifest, client, "--dry-run")
    assert before.returncode == 0
    *lines, last = before.stdout.splitlines()
    none = f"{manifest.parent / 'none.svs'}: there is no such file"
    assert lines == [*map(str, slides[:2]), none]
    assert last.startswith("3 of 3 slides are to be done with ggs-")
    assert not manifest.with_name("s.ggs").exists()
    cohort(manifest, client)
    after = cohort(manifest, client, "--dry-run")
    assert after.stdout.splitlines()[0] == none
    assert "1 of 3 slides are to be done" in after.stdout


def test_ctrl_c_leaves_what_is_in_work_for_the_next_time(manifest: Path, client: Client) -> None:
    study = manifest.with_name("s.ggs")
    pressing = Thread(target=_press_once_it_runs, args=(study,))
    pressing.start()
    done = cohort(manifest, client)
    pressing.join()
    assert done.returncode == 130
    assert "Ended early: stopped by Ctrl+C" in done.stdout
    with CaseStore.open(study) as store:
        assert {task.state for task in store.tasks()} <= {"waiting", "done", "failed"}
    assert cohort(manifest, client).returncode == 2


def _press_once_it_runs(study: Path) -> None:
    while True:
        time.sleep(0.02)
        if study.is_file():
            with CaseStore.open(study) as store:
                if any(task.state == "running" for task in store.tasks()):
                    os.kill(os.getpid(), signal.SIGINT)
                    return


def test_what_is_wrong_is_one_line(manifest: Path, tmp_path: Path) -> None:
    manifest.write_text("slide\n\none.svs,two.svs\n")
    study = tmp_path / "s.ggs"
    wrong = ggs("cohort", manifest, "--study", study)
    both = ggs(
        "cohort", manifest, "--study", study, "--scheduler", "tcp://x:1", "--slurm", "j.toml"
    )
    for done, words in ((wrong, "line 3: more cells than columns"), (both, "one of the two")):
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert words in done.stderr
    assert not study.exists()
