"""A slide in the works, and what became of it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from napari_ggs.cohort.analysis import Analysis
from napari_ggs.cohort.computing import Survey
from napari_ggs.cohort.faults import Kind
from napari_ggs.cohort.holding import Place
from napari_ggs.cohort.manifest import Entry
from napari_ggs.store import TaskState


@dataclass(eq=False)
class Job:
    """A slide in the works.

    Attributes
    ----------
    entry : Entry
    place : Place
    attempts : int
        How often it was begun in this run of the command.
    alone : bool
        Whether nothing else is in the works: workers that die now die of it.
    survey : Survey or None
    steps : Analysis or None
        What follows the survey.
    results : list
        Of the parts of this step, in order; None of those that are out.
    out : dict of int to int
        The parts that are out: their number in the fleet, and their place among `results`.
    twins : list of Job
        Slides of the same content, which end as this one does.
    """

    entry: Entry
    place: Place
    attempts: int = 0
    alone: bool = False
    survey: Survey | None = None
    steps: Analysis | None = None
    results: list[Any] = field(default_factory=list)
    out: dict[int, int] = field(default_factory=dict)
    twins: "list[Job]" = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of the file, or 1."""
        return int(self.place.stamp.partition(":")[0] or 1)


class Outcome(NamedTuple):
    """What became of a slide: done, failed or skipped; why, and whose fault it is."""

    state: TaskState
    reason: str = ""
    kind: Kind | None = None
