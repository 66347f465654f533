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
from napari_ggs.cohort.shipping import ModelFiles
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

    Raises
    ------
    UserError
        If the workers cannot take them.
    """

    def __init__(self, client: Client, bundle: Bundle) -> None:
        self._client = client
        self._futures: dict[int, Future] = {}
        self._numbers = count()
        self._done: SimpleQueue[int] = SimpleQueue()
        self._threads, self._counted = 0, -CENSUS_SECONDS
        _send(client, bundle)

    @property
    def pending(self) -> int:
        """Parts that are out."""
        return len(self._futures)

    @property
    def threads(self) -> int:
        """How many parts can be computed at once; 0 while there is no worker."""
        if time.monotonic() - self._counted > CENSUS_SECONDS:
            self._require_scheduler()
            self._threads = sum(self._client.nthreads().values())
            self._counted = time.monotonic()
        return self._threads

    def submit(self, call: Call) -> int:
        """Send a part out; the number by which its result comes back."""
        number = next(self._numbers)
        future = self._client.submit(
            call.function, *call.arguments, priority=call.stage, pure=False
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

    def _require_scheduler(self) -> None:
        if self._client.status not in ("running", "connecting"):
            raise UserError(
                "The scheduler does not answer any more, so the cohort has ended early: start it "
                "again, and give the same command, which goes on where it was."
            )


def _send(client: Client, bundle: Bundle) -> None:
    try:
        client.register_plugin(ModelFiles(bundle))
    except (UserError, ImportError, OSError) as fault:
        raise UserError(
            f"The workers cannot take the models ({' '.join(str(fault).split())}): see that they "
            "have the same napari-ggs as this command, and room in their folders."
        ) from fault


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
