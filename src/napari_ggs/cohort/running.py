"""A cohort from its manifest to its report: what ``napari-ggs cohort`` does."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ggs.cancelling import Cancelled, never
from napari_ggs.cohort import keeping
from napari_ggs.cohort.driver import Driver
from napari_ggs.cohort.fleet import Fleet
from napari_ggs.cohort.holding import Place, stamp_of
from napari_ggs.cohort.jobs import Job, Outcome
from napari_ggs.cohort.manifest import Entry
from napari_ggs.cohort.reporting import RunOfCohort, write_report
from napari_ggs.cohort.work import Bundle, Work
from napari_ggs.errors import UserError
from napari_ggs.store import CaseStore, NewTask, StoredTask, StoreError
from napari_ggs.training.locking import held, is_held

if TYPE_CHECKING:
    from distributed import Client

STOPPED = "stopped by Ctrl+C"


@dataclass
class Progress:
    """How far a cohort is.

    Attributes
    ----------
    total, done, failed, skipped : int
        Slides that were to be done.
    share : float
        0 to 1, by the size of their files.
    running, workers : int
        Slides in the works, and workers that have the models.
    """

    total: int
    done: int = 0
    failed: int = 0
    skipped: int = 0
    share: float = 0.0
    running: int = 0
    workers: int = 0

    def words(self) -> str:
        """In a few words."""
        faults = f", {self.failed} failed" if self.failed else ""
        return (
            f"{self.done + self.skipped} of {self.total} slides{faults}, {self.running} in work, "
            f"{self.workers} workers"
        )


@dataclass
class Cohort:
    """A manifest's slides, and the study that keeps what is found on them.

    Attributes
    ----------
    entries : list of Entry
    store : CaseStore
    work : Work
    about : RunOfCohort
    """

    entries: list[Entry]
    store: CaseStore
    work: Work
    about: RunOfCohort
    outcomes: list[Outcome] = field(default_factory=list)

    def plan(self) -> list[Job]:
        """Take the slides into the study; those that are still to be done.

        Raises
        ------
        StoreError
            If the study cannot be written.
        """
        stamps = {entry.path: stamp_of(entry.path) for entry in self.entries}
        self.store.plan_tasks(
            NewTask(entry.path, self.work.key(entry.mpp), stamps[entry.path], entry.about)
            for entry in self.entries
        )
        tasks = {(task.path, task.work): task for task in self.store.tasks()}
        left = [
            entry
            for entry in self.entries
            if not self._stands(entry, tasks[entry.path, self.work.key(entry.mpp)])
        ]
        self.about.before = len(self.entries) - len(left)
        return [Job(e, Place(e.path, e.mpp, stamps[e.path])) for e in left]

    def _stands(self, entry: Entry, task: StoredTask) -> bool:
        """Whether a slide is done, and the patient's that the manifest says."""
        if task.state not in ("done", "skipped"):
            return False
        assert task.fingerprint is not None
        try:
            keeping.give(self.store, entry, task.fingerprint)
        except StoreError as error:
            if keeping.is_of_the_disk(error):
                raise
            return False  # found again when its turn comes, and told then
        return True

    def run(
        self,
        client: "Client",
        bundle: Bundle,
        jobs: Sequence[Job],
        tell: Callable[[Progress], None],
        cancelled: Cancelled = never,
    ) -> None:
        """Do what is left to do.

        Raises
        ------
        UserError
            If the study cannot be written, or the workers are gone or cannot take the models.
        """
        fleet = Fleet(client, bundle)
        self.about.remark = fleet.remark
        progress, bytes_ = Progress(len(jobs)), sum(job.size for job in jobs) or 1

        def ended(job: Job, outcome: Outcome) -> None:
            self.outcomes.append(outcome)
            progress.share += job.size / bytes_
            setattr(progress, outcome.state, getattr(progress, outcome.state) + 1)

        driver = Driver(fleet, self.store, self.work, ended)

        def looked_up() -> bool:
            progress.running, progress.workers = len(driver.running), fleet.workers
            self.about.workers = max(self.about.workers, progress.workers)
            tell(progress)
            return cancelled()

        driver.run(jobs, looked_up)
        if cancelled():
            self.about.ended_early = STOPPED

    def tasks(self) -> list[StoredTask]:
        """The manifest's tasks, in its order, as they stand now."""
        tasks = {(task.path, task.work): task for task in self.store.tasks()}
        return [tasks[entry.path, self.work.key(entry.mpp)] for entry in self.entries]

    def report(self, folder: Path) -> tuple[Path, str]:
        """Write the report; see `write_report`."""
        return write_report(self.about, self.tasks(), folder)

    @property
    def code(self) -> int:
        """The exit code: 1 for a fault of ours, 2 for one that the user can put right, else 0."""
        kinds = {outcome.kind for outcome in self.outcomes if outcome.state == "failed"}
        return 1 if "ours" in kinds else 2 if kinds else 0


@contextmanager
def alone_with(study: Path) -> Iterator[None]:
    """Hold a study's cohort: one command drives it at a time.

    Raises
    ------
    UserError
        If another one does.
    """
    lock = study.with_name(f".{study.name}.cohort")
    if is_held(lock):
        raise UserError(
            f"Another napari-ggs cohort writes to {study} already: wait for it, or stop it."
        )
    with held(lock):
        yield
