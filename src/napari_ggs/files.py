"""Writing files so that nothing partial ever stands under a final name."""

import errno
import os
import platform
import re
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_ggs.errors import UserError

_REASONS = {
    errno.ENOSPC: "the disk is full: free some space or choose another folder",
    errno.EDQUOT: "the disk quota is used up: free some space or choose another folder",
    errno.EACCES: "there is no permission to write there: choose another folder",
    errno.EPERM: "there is no permission to write there: choose another folder",
    errno.EROFS: "that disk is read-only: choose another folder",
    errno.ENOENT: "the folder does not exist: make it or choose another",
    errno.ENOTDIR: "part of that path is a file, not a folder: choose another folder",
    errno.EEXIST: "a file of that name is in the way: choose another folder",
    errno.EISDIR: "a folder of that name is in the way: choose another folder",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
    errno.EFBIG: "files of that size are not allowed there: choose another folder",
}

HOST = f"{zlib.crc32(platform.node().encode()):08x}"
"""This machine in the names of temporary folders: the numbers of processes are its own."""

DAY = 86_400.0
"""Seconds after which nobody writes to a temporary folder any more."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an operating-system error about `path` into a `UserError` that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        raise UserError(f"Cannot write {path}: {_REASONS[error.errno]}.") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes its place on success and goes on failure.

    The temporary name keeps the suffix, since some writers choose their format by it. What
    stood at `path` before is untouched until the new file is complete and on disk.

    What a process left beside `path` when it was killed goes with the next call.

    Raises
    ------
    UserError
        If the disk is full or the place cannot be written to.
    """
    with explained(path), scratch_folder(path) as scratch:
        yield scratch / path.name
        _flush(scratch / path.name)
        (scratch / path.name).replace(path)


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, named ``.NAME.HOST-PROCESS.xxxxxxxx``.

    Those of processes that were killed while they wrote to the same place are removed.
    """
    with explained(path):
        _sweep(path)
        prefix = f".{path.name}.{HOST}-{os.getpid()}."
        scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sweep(path: Path) -> None:
    """Remove the temporary folders of `path` that nobody writes to any more."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.([0-9a-f]{{8}})-(\d+)\.\w{{8}}")
    with suppress(OSError):  # a folder that cannot be listed, or one that another writer sweeps
        for left in path.parent.iterdir():
            found = ours.fullmatch(left.name)
            if found and (_ended(*found.groups()) or time.time() - left.stat().st_mtime > DAY):
                shutil.rmtree(left, ignore_errors=True)


def _ended(host: str, process: str) -> bool:
    """Whether a process is surely gone: of other machines, and on Windows, that is not known."""
    if host != HOST or os.name != "posix":
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def make_folder(path: Path) -> Path:
    """Make a folder and its parents; a `UserError` says why where that cannot be."""
    with explained(path):
        path.mkdir(parents=True, exist_ok=True)
    return path
