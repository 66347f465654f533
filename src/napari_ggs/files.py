"""Writing files so that nothing partial ever stands under a final name."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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

    Raises
    ------
    UserError
        If the disk is full or the place cannot be written to.
    """
    with explained(path):
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.stem}.", dir=path.parent))
        try:
            yield scratch / path.name
            _flush(scratch / path.name)
            (scratch / path.name).replace(path)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def make_folder(path: Path) -> Path:
    """Make a folder and its parents; a `UserError` says why where that cannot be."""
    with explained(path):
        path.mkdir(parents=True, exist_ok=True)
    return path
