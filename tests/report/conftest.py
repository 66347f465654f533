from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_ggs.review import Assessed, Drawn, Flagged, Labelled, Moved, Noted, Removed
from napari_ggs.review.sections import Section
from napari_ggs.slides import Slide
from tests.report.cases import Reported
from tests.review.test_export import PATIENT

LEFT = Section("core of Smith", ((0, 0), (900, 0), (900, 1600), (0, 1600)), 1.5)
RIGHT = Section("other", ((900, 0), (2000, 0), (2000, 1600), (900, 1600)), 2.0)


@pytest.fixture
def study(tmp_path: Path, kidney_slide: Slide) -> Iterator[Reported]:
    """One slide of the case, not reviewed."""
    made = Reported(tmp_path, kidney_slide)
    yield made
    made.store.close()


@pytest.fixture
def reviewed(study: Reported) -> Reported:
    """Two slides of the case; a reader said something of everything that can be said."""
    review(study)
    return study


def review(study: Reported) -> None:
    """Let a reader say something of everything, name sections, and add a slide without a file."""
    session = study.did(
        Labelled((0, 1), "solidified"),
        Labelled((2, 5), "non-glomerulus"),
        Labelled((3, 4, 6), "normal"),
        Assessed((3,), "uncertain"),
        Assessed((4,), "cut"),
        Removed((5,)),
        Flagged((0,), "segmental"),
        Flagged((0,), "as in Smith"),
        Noted((1,), f"{PATIENT} told me"),
        Drawn(333.5, 901.125, 70.75, "obsolescent"),
        Moved((1,), np.array([[410.5, 402.0, 66.0]])),
    )
    kept = [one.to_dict() for one in (LEFT, RIGHT)]
    study.store.set_sections(study.slide, study.store.begin_session(session.who), kept)
    study.add()
