"""A study to report on: a case of two slides, one of which has no file, and another case."""

import hashlib
from pathlib import Path

import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS, Scheme
from napari_ggs.report.case_page import CaseFound
from napari_ggs.report.case_report import Wanted, find_case
from napari_ggs.report.study_report import cases_of
from napari_ggs.slides import Slide
from napari_ggs.store import SlideInfo
from napari_ggs.store.pseudonyms import Names
from tests.review.test_export import PATIENT, Kept
from tests.review.test_session import rows_of
from tests.store.studies import MODELS

CASE = "case 7"
GONE = "of Smith, biopsy 2"


class Reported(Kept):
    """`Kept`, and what is reported of it."""

    def __init__(self, folder: Path, slide: Slide) -> None:
        super().__init__(folder, slide)
        self.out = folder / "reports"

    def add(
        self,
        name: str = GONE,
        circles: pd.DataFrame | int = 30,
        case: str = CASE,
        patient: str = PATIENT,
        thresholds: Thresholds | None = None,
        scheme: Scheme = GGS,
        finish: bool = True,
    ) -> int:
        """Another slide, whose file is gone, with a run; return the run."""
        about = SlideInfo(
            hashlib.sha256(name.encode()).hexdigest()[:32],
            name,
            Path(f"/{name}.svs"),
            10000,
            10000,
            0.5,
        )
        slide = self.store.add_slide(about, patient, case)
        run = self.store.begin_run(slide, scheme, MODELS, thresholds or Thresholds(0.2, 0.5))
        rows = rows_of(circles) if isinstance(circles, int) else circles
        self.store.add_circles(run, rows)
        if finish:
            self.store.finish_run(run, glomeruli.numbered(rows), {"missed": 0.125})
        return run

    def wanted(self, identify: bool = False, **settings) -> Wanted:
        return Wanted(self.out, Names.of(self.store.path, identify), **settings)

    def found(self, case: str = CASE, identify: bool = False, **settings) -> CaseFound:
        slides = cases_of(self.store)[case]
        return find_case(self.store, slides, self.wanted(identify, **settings))
