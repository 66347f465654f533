import errno

import pytest

from napari_ggs.errors import UserError
from napari_ggs.files import make_folder, replacing


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
