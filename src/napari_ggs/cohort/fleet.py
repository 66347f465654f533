"""The workers as the driver sees them: parts go out, results come in, in any order."""

import time
from collections.abc import Iterable, Iterator
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any

from dask.utils import format_bytes
from distributed import Client, Future, KilledWorker

from napari_ggs.cohort.analysis import Call
from napari_ggs.cohort.faults import WorkFault, fault_of
from napari_ggs.cohort.shipping import ModelFiles, resource
from napari_ggs.cohort.work import Bundle
from napari_ggs.errors import UserError

CENSUS_SECONDS = 2.0
"""How often the workers are counted: they come and go."""


class Fleet:
    """A dask client that computes parts of slides.

    Parameters
    ----------
    client : Client
    bundle : Bundle
        The models; each worker gets them, now or when it comes.

    Attributes
    ----------
    remark : str
        Why some of the workers are sent nothing; "" if all are.
    """

    def __init__(self, client: Client, bundle: Bundle) -> None:
        self._client, self._needs = client, {resource(bundle.key): 1}
        self._futures: dict[int, Future] = {}
        self._numbers = count()
        self._done: SimpleQueue[int] = SimpleQueue()
        self._workers, self._counted = 0, -CENSUS_SECONDS
        self.remark = self._send(bundle)

    @property
    def pending(self) -> int:
        """Parts that are out."""
        return len(self._futures)

    @property
    def workers(self) -> int:
        """How many there are that have the models and take parts; 0 while there is none."""
        if time.monotonic() - self._counted > CENSUS_SECONDS:
            self._require_scheduler()
            known = self._client.scheduler_info()["workers"].values()
            self._workers = sum(
                one["status"] == "running" and self._needs.keys() <= one["resources"].keys()
                for one in known
            )
            self._counted = time.monotonic()
        return self._workers

    def submit(self, call: Call) -> int:
        """Send a part out; the number by which its result comes back."""
        number = next(self._numbers)
        future = self._client.submit(
            call.function,
            *call.arguments,
            priority=call.stage,
            pure=False,
            resources=self._needs,
        )
        self._futures[number] = future
        future.add_done_callback(lambda _: self._done.put(number))
        return number

    def results(self, patience: float) -> Iterator[tuple[int, Any]]:
        """Results that are in, by their numbers, or the `WorkFault`; waits for the first a while.

        Raises
        ------
        UserError
            If the scheduler is gone.
        """
        self._require_scheduler()
        try:
            number = self._done.get(timeout=patience)
            while True:
                if future := self._futures.pop(number, None):
                    yield number, _result(future)
                number = self._done.get_nowait()
        except Empty:
            return

    def drop(self, numbers: Iterable[int]) -> None:
        """Let parts be; their results do not come."""
        dropped = [self._futures.pop(n) for n in numbers if n in self._futures]
        if dropped and self._client.status == "running":
            self._client.cancel(dropped, force=True)

    def drop_all(self) -> None:
        """Let all parts be."""
        self.drop(list(self._futures))

    def _send(self, bundle: Bundle) -> str:
        """Let the workers have the models; what some of them cannot take them for.

        Raises
        ------
        UserError
            If none of those that are there can.
        """
        try:
            self._client.register_plugin(ModelFiles(bundle))
        except Exception as fault:  # whatever happened there comes back as it was raised
            words = f"{type(fault).__name__}: {' '.join(str(fault).split())}"
            if self.workers:
                return words
            raise UserError(
                f"The workers cannot take the models ({words}): see that they have the same "
                "napari-ggs as this command, and room in their folders."
            ) from fault
        return ""

    def _require_scheduler(self) -> None:
        if self._client.status not in ("running", "connecting"):
            raise UserError(
                "The scheduler does not answer any more, so the cohort has ended early: start it "
                "again, and give the same command, which goes on where it was."
            )


def _result(future: Future) -> Any:
    """What a part gave, or why it gave nothing."""
    try:
        return future.result()
    except KilledWorker as killed:
        return WorkFault(_killed(killed), "killed")
    except Exception as error:
        if future.cancelled():
            return WorkFault("the cluster let go of it", "passing")
        return fault_of(error)


def _killed(fault: KilledWorker) -> str:
    limit = getattr(fault.last_worker, "memory_limit", 0)
    each = f" ({format_bytes(limit)} each)" if limit else ""
    return (
        f"{fault.allowed_failures + 1} workers died over it, the last at "
        f"{fault.last_worker.address}: most likely it takes more memory than they have{each}. "
        "Give workers more memory, or look into their logs"
    )
