"""What the command line prints: plain lines, errors, a progress bar, a table of findings."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Protocol

from napari_ggs import doctor
from napari_ggs.cancelling import Cancelled

if TYPE_CHECKING:
    from napari_ggs.doctor import Finding


class Advance(Protocol):
    """Called with the share done (0 to 1) and a few words."""

    def __call__(self, share: float, words: str = "") -> None: ...


def line(text: str) -> None:
    """Print one line of results."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def error(text: str) -> None:
    """Print one line about a fault, to standard error."""
    sys.stderr.write(f"error: {' '.join(text.split())}\n")


def fault(error: Exception, where: str = "") -> None:
    """Print one line about a fault of ours; with NAPARI_GGS_DEBUG set, raise it instead."""
    if os.environ.get("NAPARI_GGS_DEBUG"):
        raise error
    place = f"{where}: " if where else ""
    sys.stderr.write(
        f"error: {place}a fault of napari-ggs, not yours: {type(error).__name__}: "
        f"{' '.join(str(error).split())}. NAPARI_GGS_DEBUG=1 before the command shows where; "
        "please report it.\n"
    )


def can_show() -> bool:
    """Whether to open napari unasked: it is there, a display too, and a person looks on."""
    return doctor.has_viewer() and doctor.has_display() and not os.environ.get("CI")


@contextmanager
def interruptible() -> Iterator[Cancelled]:
    """Let Ctrl+C ask for an early end: what is given says whether it was pressed.

    Pressed again, it breaks off at once, as everywhere.
    """
    pressed = Event()

    def press(*_: object) -> None:
        sys.stderr.write("Stopping after what is at hand; Ctrl+C again breaks off.\n")
        pressed.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def progress(title: str) -> Iterator[Advance]:
    """A progress bar with the time left; silent where standard error is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[words]}"),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        task = bar.add_task(title, total=1.0, words="")
        yield lambda share, words="": bar.update(task, completed=share, words=words)


def show_findings(findings: Sequence["Finding"]) -> bool:
    """Print a table of what was checked; return whether all that is needed is there."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    marks = {True: "[green]ok[/]", False: "[red]missing[/]", None: "[yellow]absent[/]"}
    for finding in findings:
        remedy = f"\n[yellow]{finding.remedy}[/]" if finding.remedy else ""
        table.add_row(marks[finding.ok], finding.what, f"{finding.detail}{remedy}")
    Console().print(table)
    return all(finding.ok is not False for finding in findings)
