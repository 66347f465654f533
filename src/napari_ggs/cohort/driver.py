"""The one process that knows of all slides: it sends parts out and writes what came of them.

A few slides are in the works at a time, just so many that no worker waits, whatever the length of
the manifest. Those with the largest files go first, so that none of them is left for the end.
"""

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from napari_ggs.cancelling import Cancelled, never
from napari_ggs.cohort import keeping
from napari_ggs.cohort.analysis import Analysed, Call, analysis, surveying
from napari_ggs.cohort.computing import Survey
from napari_ggs.cohort.faults import WorkFault
from napari_ggs.cohort.fleet import Fleet
from napari_ggs.cohort.jobs import Job, Outcome
from napari_ggs.cohort.work import Work
from napari_ggs.store import CaseStore, StoreError, TaskState

AHEAD = 3
"""Parts that are out for each worker: one that it computes, others that it finds there next."""

ATTEMPTS = 3
"""How often a slide is begun whose fault may go by itself."""

PATIENCE = 0.25
"""Seconds after which one looks up from waiting for results."""


class Driver:
    """Does the work on slides and keeps what came of it in the study.

    Parameters
    ----------
    fleet : Fleet
    store : CaseStore
        Has a task for each slide.
    work : Work
    ended : callable
        Called with each slide and what became of it.
    """

    def __init__(
        self,
        fleet: Fleet,
        store: CaseStore,
        work: Work,
        ended: Callable[[Job, Outcome], None],
    ) -> None:
        self._fleet, self._store, self._work, self._ended = fleet, store, work, ended
        self._waiting: deque[Job] = deque()
        self._suspects: deque[Job] = deque()
        self._owners: dict[int, Job] = {}
        self._leaders: dict[tuple[str, str], Job] = {}
        self.running: set[Job] = set()

    def run(self, jobs: Iterable[Job], cancelled: Cancelled = never) -> None:
        """Do the work on slides; when cancelled, those in the works wait again.

        Raises
        ------
        StoreError
            If the study cannot be written.
        UserError
            If the scheduler is gone.
        """
        self._waiting.extend(sorted(jobs, key=lambda job: -job.size))
        try:
            while (self._waiting or self.running or self._suspects) and not cancelled():
                self._feed()
                for number, result in self._fleet.results(PATIENCE):
                    self._take(number, result)
        finally:
            self._fleet.drop_all()
            with suppress(StoreError):  # the next run of the command does it
                self._store.release_tasks()

    def _feed(self) -> None:
        """Begin slides until enough parts are out; what workers died over comes last, alone."""
        while self._waiting and self._fleet.pending < AHEAD * self._fleet.workers:
            self._begin(self._waiting.popleft())
        if self._suspects and not self._waiting and not self.running:
            job = self._suspects.popleft()
            job.alone = True
            self._begin(job)

    def _begin(self, job: Job) -> None:
        job.attempts += 1
        job.survey = job.steps = None
        self._store.begin_task(job.entry.path, self._key(job))
        self.running.add(job)
        self._send(job, [surveying(job.place, self._work)])

    def _send(self, job: Job, calls: list[Call]) -> None:
        job.results = [None] * len(calls)
        job.out = {self._fleet.submit(call): place for place, call in enumerate(calls)}
        self._owners |= dict.fromkeys(job.out, job)
        if not calls:
            self._advance(job)

    def _take(self, number: int, result: Any) -> None:
        """One part of a slide is back."""
        job = self._owners.pop(number)
        place = job.out.pop(number)
        if isinstance(result, WorkFault):
            self._fail(job, result)
            return
        job.results[place] = result
        if not job.out:
            self._advance(job)

    def _advance(self, job: Job) -> None:
        """All parts of a step are back: the next ones, or the end."""
        try:
            if job.steps is not None:
                self._send(job, job.steps.send(job.results))
            elif self._is_new(job, job.results[0]):
                job.steps = analysis(job.place, self._work, job.results[0])
                self._send(job, next(job.steps))
        except StopIteration as end:
            self._keep(job, end.value)
        except StoreError as error:
            self._refuse(job, error)

    def _is_new(self, job: Job, survey: Survey) -> bool:
        """Whether this content is still to be done; if it was, the slide ends here."""
        job.survey = survey
        content = survey.info.fingerprint, self._key(job)
        if done := self._store.done_task(*content, job.entry.path):
            self._link(job, done.path == job.entry.path, str(done.path), done.run)
            return False
        leader = self._leaders.setdefault(content, job)
        if leader is not job:
            self._let_go(job)
            leader.twins.append(job)
            return False
        keeping.rehearse(self._store, job.entry, self._work, survey.info)
        return True

    def _keep(self, job: Job, found: Analysed) -> None:
        assert job.survey is not None
        try:
            run = keeping.keep(self._store, job.entry, self._work, job.survey.info, found)
        except StoreError as error:
            self._refuse(job, error)
            return
        self._let_go(job)
        self._ended(job, Outcome("done"))
        for twin in job.twins:
            self._link(twin, False, str(job.entry.path), run)

    def _link(self, job: Job, same: bool, path: str, run: int | None) -> None:
        """A slide whose content has been done ends with that run."""
        assert job.survey is not None
        content = job.survey.info.fingerprint
        state: TaskState = "done" if same else "skipped"
        reason = "" if same else f"it is the same slide as {path}"
        try:
            with self._store.database.writing():
                keeping.give(self._store, job.entry, content)
                self._store.end_task(job.entry.path, self._key(job), state, reason, content, run)
        except StoreError as error:
            self._refuse(job, error)
            return
        self._let_go(job)
        self._ended(job, Outcome(state, reason))

    def _refuse(self, job: Job, error: StoreError) -> None:
        """The study does not take a slide; a study that cannot be written ends all."""
        if keeping.is_of_the_disk(error):
            raise error
        self._fail(job, WorkFault(str(error), "user"))

    def _fail(self, job: Job, fault: WorkFault) -> None:
        """A slide that failed is tried again where that may help."""
        self._let_go(job)
        again = fault.kind == "passing" and job.attempts < ATTEMPTS
        suspect = fault.kind == "killed" and not job.alone
        if again or suspect:
            self._store.end_task(job.entry.path, self._key(job), "waiting", fault.words)
            (self._suspects if suspect else self._waiting).append(job)
            return
        for one in (job, *job.twins):
            self._store.end_task(one.entry.path, self._key(one), "failed", fault.words)
            self._ended(one, Outcome("failed", fault.words, fault.kind))

    def _let_go(self, job: Job) -> None:
        """Nothing of a slide is out any more."""
        self._fleet.drop(list(job.out))
        for number in job.out:
            del self._owners[number]
        job.out, job.steps = {}, None
        self.running.discard(job)

    def _key(self, job: Job) -> str:
        return self._work.key(job.entry.mpp)
