"""Drawing in all processors at once. Imports little, since every process imports it."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def in_processes(
    draw: Callable[..., T], jobs: Sequence[tuple[Any, ...]], progress: Callable[[int, int], None]
) -> Iterator[T]:
    """Call a function with the arguments of each job; give what it returns, in order.

    Whatever `progress` raises ends it: jobs that nobody has begun are dropped. Ctrl+C is left to
    the process that asked.

    Parameters
    ----------
    draw : callable
        Of a module, so that other processes find it.
    jobs : sequence of tuple
    progress : callable
        Called with the number of jobs done, and of all.
    """
    pool = ProcessPoolExecutor(
        os.cpu_count(),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),
    )
    try:
        drawn = [pool.submit(draw, *job) for job in jobs]
        for done, result in enumerate(drawn, start=1):
            yield result.result()
            progress(done, len(jobs))
    finally:
        pool.shutdown(cancel_futures=True)
