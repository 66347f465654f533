"""What is done to every slide of a cohort: with which models, under which thresholds."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from napari_ggs import models
from napari_ggs.devices import DeviceName
from napari_ggs.glomeruli import LOWEST_SCORE, Thresholds
from napari_ggs.lesions import NON_GLOMERULUS, Scheme
from napari_ggs.models.choosing import files_of
from napari_ggs.store import log

METHOD = 1
"""Which way from a slide and two models to the table: raised with every change of the package that
moves circles or probabilities by more than the stated tolerance, and with no other. Slides that
were done another way are done again."""


class ModelId(NamedTuple):
    """A model: the name of its card, the digest of its weights, and its file's name."""

    name: str
    sha256: str
    file: str


@dataclass(frozen=True)
class Work:
    """Models and settings; two that have the same `key` give the same table.

    Attributes
    ----------
    detector, classifier : ModelId
    scheme : Scheme
        The classifier's classes.
    thresholds : Thresholds
    device : {"auto", "cpu", "cuda"}
        Where workers compute; it changes no result.
    """

    detector: ModelId
    classifier: ModelId
    scheme: Scheme
    thresholds: Thresholds
    device: DeviceName = "auto"

    def key(self, mpp: float | None = None) -> str:
        """SHA-256 of all that the table of a slide depends on beside its content.

        Parameters
        ----------
        mpp : float or None
            Microns per pixel in place of what the slide says.
        """
        text = log.canonical(
            {
                "method": METHOD,
                "detector": self.detector.sha256,
                "classifier": self.classifier.sha256,
                "t_det": self.thresholds.detection,
                "t_glom": self.thresholds.glomerulus,
                "mpp": mpp,
            }
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def lowest(self) -> float:
        """Least detection score of the circles that are looked at."""
        return min(LOWEST_SCORE, self.thresholds.detection)

    @property
    def models(self) -> dict[str, dict[str, str]]:
        """The models as runs of a study name them."""
        both = {"detector": self.detector, "classifier": self.classifier}
        return {role: {"name": one.name, "sha256": one.sha256} for role, one in both.items()}

    @property
    def models_key(self) -> str:
        """A name for the two models together."""
        return f"{self.detector.sha256[:16]}-{self.classifier.sha256[:16]}"

    @property
    def filters(self) -> bool:
        """Whether the classifier can tell what is no glomerulus."""
        return NON_GLOMERULUS in self.scheme.classes


class Bundle(NamedTuple):
    """The files of the models of a work, to be sent to workers.

    Attributes
    ----------
    key : str
        `Work.models_key`.
    files : dict of str to bytes
        By ``role/name``.
    """

    key: str
    files: dict[str, bytes]


def choose_work(
    detector: str | None = None,
    classifier: str | None = None,
    t_det: float | None = None,
    t_glom: float | None = None,
    device: DeviceName = "auto",
) -> tuple[Work, Bundle]:
    """Choose models by name or path (None: those in use); thresholds from their cards.

    Both are loaded once, so that a damaged one is known before anything is begun.

    Raises
    ------
    UserError
        If there is no such model, or its files do not match.
    """
    finder = models.find(detector or models.in_use("detection"), "detection")
    namer = models.find(classifier or models.in_use("classification"), "classification")
    models.load_detector(_file(finder), "cpu")
    card = models.load_classifier(_file(namer), "cpu").card
    thresholds = Thresholds(
        detection=finder.card.t_det if t_det is None else t_det,
        glomerulus=card.t_glom if t_glom is None else t_glom,
    )
    work = Work(_id(finder), _id(namer), card.scheme, thresholds, device)
    roles = {"detector": finder, "classifier": namer}
    files = {
        f"{role}/{file.name}": file.read_bytes()
        for role, model in roles.items()
        for file in files_of(model)
    }
    return work, Bundle(work.models_key, files)


def _file(model: models.Found) -> Path:
    return model.path


def _id(model: models.Found) -> ModelId:
    return ModelId(model.card.name, model.card.sha256, model.path.name)
