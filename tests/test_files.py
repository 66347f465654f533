import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_ggs.errors import UserError
from napari_ggs.files import DAY, HOST, make_folder, replacing
from tests.posix import needs_sigkill


def test_a_finished_file_takes_the_final_name(tmp_path) -> None:
    with replacing(tmp_path / "a.csv") as scratch:
        scratch.write_text("new")
    assert (tmp_path / "a.csv").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "a.csv") as scratch:
        scratch.write_text(str(1 / 0))
    assert (tmp_path / "a.csv").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_a_full_disk_is_said_in_one_line(tmp_path) -> None:
    with (
        pytest.raises(UserError, match=r"the disk is full") as caught,
        replacing(tmp_path / "a.csv"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_way_of_a_file_and_a_name_that_is_too_long_are_said(tmp_path) -> None:
    (tmp_path / "a.csv").mkdir()
    with (
        pytest.raises(UserError, match="a folder of that name"),
        replacing(tmp_path / "a.csv") as s,
    ):
        s.write_text("new")
    with pytest.raises(UserError, match="name is too long"):
        make_folder(tmp_path / ("x" * 300))


def test_a_missing_folder_and_a_file_in_the_way_are_named(tmp_path) -> None:
    with pytest.raises(UserError, match="does not exist"), replacing(tmp_path / "no" / "a.csv"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"not a folder|in the way"):
        make_folder(tmp_path / "file" / "out")


KILLED = """
import os, signal, sys
from pathlib import Path
from napari_ggs.files import replacing
with replacing(Path(sys.argv[1])) as scratch:
    scratch.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def save(path: Path) -> None:
    with replacing(path) as scratch:
        scratch.write_text("new")


@needs_sigkill
def test_what_a_killed_process_left_goes_with_the_next_save_of_that_file(tmp_path) -> None:
    for name in ("a.csv", "b.csv"):
        subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / name)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    save(tmp_path / "a.csv")
    kept, left = sorted(tmp_path.iterdir(), key=lambda path: path.is_dir())
    assert kept.read_text() == "new"
    assert left.name.startswith(".b.csv.")


def test_two_who_save_the_same_file_at_once_leave_each_other_alone(tmp_path) -> None:
    with replacing(tmp_path / "a.csv") as first:
        first.write_text("first")
        save(tmp_path / "a.csv")
        assert first.read_text() == "first"
    assert (tmp_path / "a.csv").read_text() == "first"


@pytest.mark.parametrize(
    ("owner", "age", "stays"),
    [
        (f"{HOST}-{os.getpid()}", 0, True),
        (f"{HOST}-{os.getpid()}", 2 * DAY, False),
        (f"{HOST}-{2**22 + 1}", 0, False),  # above the largest number of a process
        (f"0badcafe-{2**22 + 1}", 0, True),  # of another machine, which may be alive there
        ("0badcafe-1", 2 * DAY, False),
        ("notes", 2 * DAY, True),
    ],
    ids=["at work", "forgotten", "killed", "elsewhere", "forgotten elsewhere", "somebody's"],
)
def test_only_folders_that_nobody_writes_to_are_removed(
    owner: str, age: float, stays: bool, tmp_path
) -> None:
    left = tmp_path / f".a.csv.{owner}.abcd_123"
    left.mkdir()
    then = time.time() - age
    os.utime(left, (then, then))
    save(tmp_path / "a.csv")
    assert left.exists() is stays
