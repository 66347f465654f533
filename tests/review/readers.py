"""A study that several readers read."""

import hashlib
from pathlib import Path

from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Event, Labelled, Session
from napari_ggs.store import CaseStore, SlideInfo, StoredSlide
from tests.review.test_kept_session import opened
from tests.review.test_session import rows_of

CLASSES = {lesion.letter.lower(): lesion.name for lesion in GGS.lesions}


class Readers:
    """One slide of a study with one run, and what readers say of its circles."""

    def __init__(self, folder: Path, circles: int, name: str = "a", patient: str = "") -> None:
        self.store = CaseStore.open(folder / "study.ggs")
        fingerprint = hashlib.sha256(name.encode()).hexdigest()[:32]
        about = SlideInfo(fingerprint, name, Path(f"{name}.svs"), 9999, 9999, 0.5)
        slide = self.store.add_slide(about, patient)
        self.run = self.store.begin_run(slide, GGS, {}, Thresholds(), None)
        self.store.add_circles(self.run, rows_of(circles))
        self.store.finish_run(self.run, rows_of(circles), {})

    @property
    def slide(self) -> StoredSlide:
        """The slide."""
        return self.store.slides()[-1]

    def session(self, who: str) -> Session:
        """A reader's session."""
        return opened(self.store, self.run, who)

    def did(self, who: str, *events: Event) -> None:
        """Let a reader do something."""
        session = self.session(who)
        for event in events:
            session.apply(event)

    def named(self, who: str, letters: str) -> None:
        """Let a reader name the circles by letters of classes, in order; a dot for none."""
        named = [(h, CLASSES[one]) for h, one in enumerate(letters) if one != "."]
        self.did(who, *(Labelled((handle,), name) for handle, name in named))
