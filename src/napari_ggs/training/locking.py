"""A file that one process holds as long as it lives: the system lets go of it, however it ends."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from napari_ggs.files import explained, make_folder
from napari_ggs.training.splits import TrainingError

FAR = 1 << 40
"""The byte that is locked where locks are of bytes: far beyond the end, so that all can be read."""

PATIENCE = 1.0
"""Seconds after which a lock counts as held: whoever only asks lets go at once."""


@contextmanager
def held(path: Path) -> Iterator[IO[str]]:
    """Hold a file, which is made if it is not there; yields it, open for appending.

    Raises
    ------
    TrainingError
        If another process holds it.
    UserError
        If it cannot be written to.
    """
    make_folder(path.parent)
    with explained(path), path.open("a", encoding="utf-8") as file:
        _wait_for(file, path)
        yield file


def is_held(path: Path) -> bool:
    """Whether a process holds a file."""
    if not path.is_file():
        return False
    with path.open("r+", encoding="utf-8") as file:
        return not _lock(file)


def _wait_for(file: IO[str], path: Path) -> None:
    latest = time.monotonic() + PATIENCE
    while not _lock(file):
        if time.monotonic() > latest:
            raise TrainingError(
                f"Another process is training this model already ({path}): wait for it or stop "
                "it, or choose another --out."
            )
        time.sleep(0.05)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> bool:
        place = file.tell()
        file.seek(FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(place)
        return True
else:
    import fcntl

    def _lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
