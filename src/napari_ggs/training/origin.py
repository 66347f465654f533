"""What a network's weights were before its training: the model's card goes on from there."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from napari_ggs.models import DataSource, ModelCard, PatientsSeen
from napari_ggs.models.ancestry import as_parents
from napari_ggs.models.finding import find
from napari_ggs.training.splits import TrainingError

Task = Literal["detection", "classification"]


class Origin(NamedTuple):
    """What weights were before.

    Attributes
    ----------
    names : tuple of str
        Models or published weights; those whose patients are not known say so
        (`napari_ggs.models.ancestry`).
    patients : PatientsSeen
        Whose tissue had shaped them.
    data : tuple of DataSource
        What they had learnt from.
    """

    names: tuple[str, ...] = ()
    patients: PatientsSeen = PatientsSeen()
    data: tuple[DataSource, ...] = ()

    def and_data(self, sources: Iterable[DataSource]) -> tuple[DataSource, ...]:
        """Those and others, each once."""
        return tuple(dict.fromkeys((*self.data, *sources)))

    def and_patients(self, **seen: Iterable[str]) -> PatientsSeen:
        """Those and others, by what they were there for."""
        before = self.patients.model_dump()
        return PatientsSeen(
            **{when: tuple(sorted({*before[when], *names})) for when, names in seen.items()}
        )

    def refuse(self, *, choosing: Iterable[str], testing: Iterable[str]) -> None:
        """See that what a model starts from does not flatter its figures.

        Who chooses and calibrates the model has not taught the start; who has chosen or
        calibrated the start may do so again. Who tests it is unknown to the start altogether.

        Raises
        ------
        TrainingError
            Names a patient of whom this is not so.
        """
        tests, before = set(testing), self.patients
        taught = set(before.training) & tests.union(choosing)
        self._refuse(taught, "has learnt from", "choose or test")
        chose = tests.intersection((*before.selection, *before.calibration))
        self._refuse(chose, "was chosen or calibrated by", "test")

    def _refuse(self, known: set[str], before: str, now: str) -> None:
        if known:
            first, others = min(known), f" and {len(known) - 1} others" * (len(known) > 1)
            raise TrainingError(
                f"{', '.join(self.names)} {before} {first}{others}, who would {now} what starts "
                "from it: set validation = 0 for those data, or take others."
            )


def origin_of(start: Path | None, task: Task, backbone: str, pretrained: bool | str) -> Origin:
    """The origin of a network that a recipe describes."""
    if start is not None:
        return of_card(find(start, task).card)
    return Origin((f"{backbone} (ImageNet)",) if pretrained else ())


def of_card(card: ModelCard) -> Origin:
    """A model as an origin."""
    return Origin(as_parents(card), card.patients_seen, card.data)
