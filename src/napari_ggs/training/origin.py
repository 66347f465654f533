"""What a network's weights were before its training: the model's card goes on from there."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from napari_ggs.models import DataSource, ModelCard, PatientsSeen
from napari_ggs.models.finding import find
from napari_ggs.training.splits import TrainingError

Task = Literal["detection", "classification"]


class Origin(NamedTuple):
    """What weights were before.

    Attributes
    ----------
    names : tuple of str
        Models or published weights.
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

    def refuse(self, aside: Iterable[str]) -> None:
        """See that none of the patients who choose or test a model has taught what it starts from.

        Raises
        ------
        TrainingError
            Names one who has.
        """
        if known := sorted(set(self.patients.training) & set(aside)):
            others = f" and {len(known) - 1} others" * (len(known) > 1)
            raise TrainingError(
                f"{', '.join(self.names)} has learnt from {known[0]}{others}, who would choose or "
                "test what starts from it: set validation = 0 for those data, or take others."
            )


def origin_of(start: Path | None, task: Task, backbone: str, pretrained: bool | str) -> Origin:
    """The origin of a network that a recipe describes."""
    if start is not None:
        return of_card(find(start, task).card)
    return Origin((f"{backbone} (ImageNet)",) if pretrained else ())


def of_card(card: ModelCard) -> Origin:
    """A model as an origin."""
    return Origin((card.name,), card.patients_seen, card.data)
