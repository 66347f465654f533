"""A disk that runs full, and has room again."""

import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DISK = 8 << 20


class Disk:
    """A disk that can be filled: of a file system of its own, else by a limit on files."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._filler = folder, folder / "filler"

    def fill(self, process: int, room: int) -> None:
        """Leave so many bytes."""
        if self._folder.is_mount():
            with self._filler.open("wb") as file:
                while not self._take(file.fileno(), room):
                    pass  # the writer has just taken some of it
        else:
            size = max(file.stat().st_size for file in self._folder.iterdir())
            _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
            resource.prlimit(process, resource.RLIMIT_FSIZE, (size + room, most))

    def _take(self, file: int, room: int) -> bool:
        state = os.statvfs(self._folder)
        try:
            os.posix_fallocate(file, 0, max(1, state.f_bavail * state.f_frsize - room))
        except OSError:
            return False
        return True

    def free(self, process: int) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)
        _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))


@contextmanager
def small_disk() -> Iterator[str]:
    """The folder of a file system of its own, if we may mount one; else any folder."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder]
        mounted = os.geteuid() == 0 and subprocess.run(command, check=False).returncode == 0
        try:
            yield folder
        finally:
            if mounted:
                subprocess.run(["umount", folder], check=True)
