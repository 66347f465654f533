"""What models were compared on which patients of a study: each look spends some of them."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from napari_ggs.store import log
from napari_ggs.store.database import Part
from napari_ggs.store.errors import StoreError

COMPARED = "compared"

Model = dict[str, str]
"""{"name": ..., "sha256": ...}"""


@dataclass(frozen=True)
class StoredComparison:
    """Two models that were compared on held-out patients.

    Attributes
    ----------
    who : str
    at : datetime
        UTC.
    task : str
        "classification" or "detection".
    old, new : dict
        See `Model`.
    examples : str
        Digest of the circles and their labels.
    patients : tuple of str
        Their keys (`napari_ggs.store.patient_keys`).
    outcome : dict
        What came of it, in what JSON can hold.
    """

    who: str
    at: datetime
    task: str
    old: Model
    new: Model
    examples: str
    patients: tuple[str, ...]
    outcome: dict[str, Any]


class Comparisons(Part):
    """The comparisons of models on a study."""

    def comparisons(self, task: str) -> list[StoredComparison]:
        """The comparisons of models for a task, the latest last."""
        with self.database.reading() as db:
            events = log.read(db, "kind = ?", (COMPARED,))
        told = [(event, event.payload or {}) for event in events]
        return [
            StoredComparison(event.who, event.at, **said | {"patients": tuple(said["patients"])})
            for event, said in told
            if said["task"] == task
        ]

    def uses(self, task: str, patients: Iterable[Set[str]]) -> int:
        """How often any of some patients has been used to compare models.

        Parameters
        ----------
        task : str
        patients : iterable of set of str
            All keys of each patient.
        """
        keys = frozenset[str]().union(*patients)
        return sum(not keys.isdisjoint(past.patients) for past in self.comparisons(task))

    def record_comparison(self, session: int, about: dict[str, Any], before: int) -> None:
        """Write down a comparison, in a session's name.

        Parameters
        ----------
        session : int
        about : dict
            The fields of `StoredComparison` but who and when.
        before : int
            How many comparisons for the task the study had when this one was judged.

        Raises
        ------
        StoreError
            If it has others now, with which this one would have been judged more strictly; or
            the file cannot be written.
        """
        with self.database.writing() as db:
            events = log.read(db, "kind = ?", (COMPARED,))
            if sum((event.payload or {})["task"] == about["task"] for event in events) != before:
                raise StoreError(
                    "Other models have been compared on this study in the meantime, which counts: "
                    "compare these again."
                )
            log.write(db, log.Entry(COMPARED, session, payload=about))
