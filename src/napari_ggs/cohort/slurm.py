"""Workers as jobs of SLURM, by a TOML file; dask-jobqueue writes and submits the job scripts."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from napari_ggs.cohort.clusters import MEMORY
from napari_ggs.errors import UserError

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster

MARGIN = 300
"""Seconds before the end of a job in which its workers begin nothing new."""


class SlurmJobs(BaseModel):
    """What a job is, and how many there may be.

    Attributes
    ----------
    queue, account : str
        SLURM's partition (``-p``) and account (``-A``).
    walltime : str
        HH:MM:SS; a job that ends by it is replaced.
    workers : int
        Workers in a job, a core each.
    memory : str
        Of the whole job, as "32GB".
    fewest, most : int
        Jobs at a time.
    interface : str
        The network that nodes reach each other by, such as "ib0".
    local_directory : str
        Of a node's own fast disk: models and what does not fit into memory.
    log_directory : str
    python : str
        The interpreter on the nodes; that of this command if not given.
    prologue : tuple of str
        Lines of the job script before the workers: ``module load ...``.
    directives : tuple of str
        Further ``#SBATCH`` lines, without that word.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue: str | None = None
    account: str | None = None
    walltime: Annotated[str, Field(pattern=r"^(\d+-)?\d+:\d\d:\d\d$")] = "04:00:00"
    workers: PositiveInt = 8
    memory: str = "32GB"
    fewest: int = Field(default=0, ge=0)
    most: PositiveInt = 10
    interface: str | None = None
    local_directory: str | None = None
    log_directory: str | None = None
    python: str | None = None
    prologue: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read it from a TOML file.

        Raises
        ------
        UserError
            If it cannot be read or says something else.
        """
        try:
            return cls.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
            raise UserError(f"{file} cannot be read as TOML ({fault}): correct it.") from fault
        except ValidationError as fault:
            wrong = fault.errors(include_url=False)[0]
            where = ".".join(map(str, wrong["loc"]))
            raise UserError(
                f"{file}: {where}: {wrong['msg']}. It may have {', '.join(cls.model_fields)}."
            ) from fault

    def cluster(self) -> "SLURMCluster":
        """The cluster, with its scheduler in this process and no job yet.

        Raises
        ------
        UserError
            If dask-jobqueue is not installed.
        """
        try:
            from dask_jobqueue import SLURMCluster
        except ImportError as fault:
            raise UserError(
                "SLURM needs dask-jobqueue, which is not installed: "
                "python -m pip install 'napari-ggs[cluster]'."
            ) from fault
        given: dict[str, Any] = {
            "queue": self.queue,
            "account": self.account,
            "interface": self.interface,
            "local_directory": self.local_directory,
            "log_directory": self.log_directory,
            "python": self.python,
        }
        return SLURMCluster(
            cores=self.workers,
            processes=self.workers,
            memory=self.memory,
            walltime=self.walltime,
            job_name="napari-ggs",
            worker_extra_args=["--lifetime", f"{self._lifetime()}s"],
            job_script_prologue=[*_exports(), *self.prologue],
            job_extra_directives=list(self.directives),
            **{name: value for name, value in given.items() if value is not None},
        )

    def _lifetime(self) -> int:
        """Seconds after which a worker ends in good order, before SLURM ends it amid a part."""
        days, _, clock = self.walltime.rpartition("-")
        hours, minutes, seconds = map(int, clock.split(":"))
        total = int(days or 0) * 86_400 + hours * 3600 + minutes * 60 + seconds
        return max(total - MARGIN, total // 2)


def _exports() -> Iterator[str]:
    """Lines that let workers of a job treat memory as those of this machine do."""
    for name, share in MEMORY.items():
        yield f"export DASK_DISTRIBUTED__WORKER__MEMORY__{name.upper()}={share}"
