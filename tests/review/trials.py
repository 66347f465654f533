"""A study of painted slides, on which models that read colours are compared.

A slide is a row of coloured squares, one for each class in turn, with a circle in each. A painted
classifier reads the colour in the middle of a crop; a painted detector finds the squares.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from numpy.typing import NDArray

from napari_ggs import glomeruli
from napari_ggs.evaluation.classifier_gate import judge_classifiers
from napari_ggs.evaluation.detector_gate import judge_detectors
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS, Scheme
from napari_ggs.models import Found, LoadedClassifier, LoadedDetector, find
from napari_ggs.review import Labelled, Session
from napari_ggs.slides import open_slide
from napari_ggs.store import CaseStore, SlideInfo
from tests.models.cards import classifier_card, detector_card, written
from tests.review.test_kept_session import opened

SIDE, SQUARES = 100, 10
COLOURS = np.array([(200, 20, 20), (20, 200, 20), (20, 20, 200), (200, 200, 20), (20, 200, 200)])
HALF_MICRON = {"resolution": (20000.0, 20000.0), "resolutionunit": "CENTIMETER"}
CIRCLES = [(SIDE * (i + 0.5), SIDE * 0.5, 20.0) for i in range(SQUARES)]
TRUTH = [GGS.classes[i % 5] for i in range(SQUARES)]


class Painted:
    """A study in a folder; slides are added patient by patient."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = CaseStore.open(folder / "study.ggs")

    def add(self, patient: str, number: int = 0) -> int:
        """Add a slide with a run that nobody has reviewed; the run's id."""
        path = self.folder / f"{patient}-{number}.tif"
        pixels = np.repeat(np.repeat(COLOURS[[np.arange(SQUARES) % 5]], SIDE, 0), SIDE, 1)
        pixels = pixels.reshape(SIDE, SQUARES * SIDE, 3).astype(np.uint8)
        pixels[0, :, 0] = np.frombuffer(f"{patient}{number}".encode(), np.uint8).sum()
        pixels[1, : len(patient), 0] = np.frombuffer(patient.encode(), np.uint8)
        tifffile.imwrite(path, pixels, tile=(128, 128), **HALF_MICRON)
        with open_slide(path) as slide:
            info = SlideInfo(slide.fingerprint, path.name, path, slide.width, slide.height, 0.5)
        run = self.store.begin_run(self.store.add_slide(info, patient), GGS, {}, Thresholds())
        rows = self.rows()
        self.store.add_circles(run, rows)
        self.store.finish_run(run, rows, {})
        return run

    @staticmethod
    def rows() -> pd.DataFrame:
        """The circles as a run found them, all of them scored .5."""
        p = np.full((SQUARES, 5), 0.2)
        return glomeruli.build(CIRCLES, np.full(SQUARES, 0.5), p, GGS)

    def review(
        self, run: int, handles: Iterable[int] = range(SQUARES), who: str = "ann"
    ) -> Session:
        """Let a reader name circles by what they are."""
        session, chosen = opened(self.store, run, who), [*handles]
        for name in GGS.classes:
            if mine := tuple(handle for handle in chosen if TRUTH[handle] == name):
                session.apply(Labelled(mine, name))
        return session

    def reviewed(self, patients: Iterable[str]) -> None:
        """Add patients whose slide is reviewed in full."""
        for patient in patients:
            self.review(self.add(patient))

    def classifier(self, name: str, patients: tuple[str, ...] = ("x",), **about: object) -> Found:
        """A painted classifier's card."""
        return written(self.folder, classifier_card(name, patients, **about))

    def detector(self, name: str, patients: tuple[str, ...] = ("x",)) -> Found:
        """A painted detector's card."""
        return written(self.folder, detector_card(name, patients))


@dataclass(frozen=True)
class PaintedClassifier:
    """Answers by colours; the right class gets `p`, the next one the rest."""

    p: float
    scheme: Scheme = GGS
    margin_um: float = 12.5
    input_px: int = 8

    def classify(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """See `AnyClassifier`."""
        middle = images[:, 4, 4].astype(int)
        truth = np.abs(middle[:, None] - COLOURS).sum(axis=2).argmin(axis=1)
        return self.p * np.eye(5)[truth] + (1 - self.p) * np.eye(5)[(truth + 1) % 5]


@dataclass(frozen=True)
class PaintedDetector:
    """Finds the squares, `number` of them on a slide."""

    number: int
    mpp: float = 0.5
    input_px: int = 1024
    max_radius_um: float = 50.0

    def detect(self, images: NDArray[np.uint8], threshold: float) -> list[tuple]:
        """See `AnyDetector`; where the squares are on a tile is read from their colours."""
        del threshold
        return [self._found(image) for image in images]

    def _found(self, image: NDArray[np.uint8]) -> tuple:
        painted = (image.min(axis=2) < 40).nonzero()
        top, left = (int(axis.min()) for axis in painted)
        circles = np.add(CIRCLES[: self.number], (left, top, 0))
        return circles, np.linspace(0.9, 0.5, len(circles))


def paint_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let loading give painted models: "good..." are right, "poor..." mostly not.

    Intervals are of few draws, so that tests are quick.
    """

    def classifier(path: Path, device: str) -> LoadedClassifier:
        del device
        return LoadedClassifier(
            PaintedClassifier(0.9 if path.stem.startswith("good") else 0.4), find(path).card
        )

    def detector(path: Path, device: str) -> LoadedDetector:
        del device
        number = SQUARES if path.stem.startswith("good") else SQUARES // 2
        return LoadedDetector(PaintedDetector(number), find(path).card)  # type: ignore[arg-type]

    for judge in (judge_classifiers, judge_detectors):
        few = partial(judge, resamples=60)
        monkeypatch.setattr(f"napari_ggs.review.trial.{judge.__name__}", few)
    monkeypatch.setattr("napari_ggs.models.loading.load_classifier", classifier)
    monkeypatch.setattr("napari_ggs.models.loading.load_detector", detector)
