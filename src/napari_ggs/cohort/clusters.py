"""Where the workers are: on this machine, at a scheduler that runs already, or under SLURM."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dask

from napari_ggs.errors import UserError

if TYPE_CHECKING:
    from distributed import Client

EACH = 3 * 2**30
"""Bytes that one worker should have at least: it has two networks and the tiles in work."""

DEATHS = 1
"""A part whose workers died so often and once more failed. Whatever else they had at hand is
suspected too, so that each slide is tried alone before it counts as failed."""

WAIT = "30s"

MEMORY = {"target": False, "spill": False, "pause": False, "terminate": 0.95}
"""Shares of a worker's memory at which dask acts. Results go to the driver at once, so that it has
next to nothing to let go of: one that waited for its memory to shrink would wait for ever."""

BACK = "5 minutes"
"""After which a worker whose process ended is given up: a new one imports PyTorch first, which on a
busy machine takes longer than the 15 s that dask waits."""

_SETTINGS = {
    "distributed.deploy.lost-worker-timeout": BACK,
    "distributed.scheduler.allowed-failures": DEATHS,
    **{f"distributed.worker.memory.{name}": share for name, share in MEMORY.items()},
}


def require_dask() -> None:
    """Refuse where dask.distributed is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError as fault:
        raise UserError(
            "A cohort needs dask.distributed, which is not installed: "
            "python -m pip install 'napari-ggs[cluster]'."
        ) from fault


def workers_here() -> int:
    """How many workers this machine has cores and memory for."""
    from distributed.system import MEMORY_LIMIT

    return max(1, min(os.cpu_count() or 1, int(MEMORY_LIMIT // EACH)))


@contextmanager
def local(workers: int | None = None, memory: str | None = None) -> Iterator["Client"]:
    """Workers on this machine, each a process of one thread; they end with this one.

    Parameters
    ----------
    workers : int, optional
        By default as many as there are cores, or as the memory is enough for.
    memory : str, optional
        Of each, as "4GB"; one that takes more is ended and replaced. By default the machine's,
        shared out.
    """
    from distributed import Client, LocalCluster

    from napari_ggs.cohort.shipping import Unmoved

    with (
        dask.config.set(_SETTINGS),
        LocalCluster(
            n_workers=workers or workers_here(),
            threads_per_worker=1,
            processes=True,
            protocol="tcp://",
            host="127.0.0.1",
            memory_limit=memory or "auto",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        client.register_plugin(Unmoved())
        yield client


@contextmanager
def at(scheduler: str) -> Iterator["Client"]:
    """The workers of a scheduler that runs already, and goes on afterwards.

    Raises
    ------
    UserError
        If there is none at that address.
    """
    from distributed import Client

    try:
        client = Client(scheduler, timeout=WAIT, set_as_default=False)
    except (OSError, ValueError) as fault:
        raise UserError(
            f"There is no scheduler at {scheduler} ({' '.join(str(fault).split())}): start one "
            "with 'dask scheduler', which prints its address (tcp://...)."
        ) from fault
    with client:
        yield client


@contextmanager
def slurm(file: Path) -> Iterator["Client"]:
    """Workers in jobs of SLURM, which are begun as there is work and end with this process."""
    from distributed import Client

    from napari_ggs.cohort.slurm import SlurmJobs

    jobs = SlurmJobs.read(file)
    with dask.config.set(_SETTINGS), jobs.cluster() as cluster, Client(cluster) as client:
        cluster.adapt(minimum_jobs=jobs.fewest, maximum_jobs=jobs.most)
        yield client
