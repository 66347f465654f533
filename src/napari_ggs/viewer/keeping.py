"""A slide's place in the study: its runs are kept there, and what people do to their circles."""

from pathlib import Path
from typing import Any

import pandas as pd

from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.models import ModelCard
from napari_ggs.review import Session
from napari_ggs.review.carrying import Carried, carry_over
from napari_ggs.slides import Slide
from napari_ggs.store import CaseStore, RunJournal, SlideInfo, StoredRun, replay
from napari_ggs.viewer.messages import Rectangle


class Keeping:
    """Keeps one slide in a study, in one person's name.

    Parameters
    ----------
    slide : Slide
    study : Path
        The study's file; made if it is not there.
    who : str
        The reviewer.

    Raises
    ------
    StoreError
        If the study cannot be opened or written.
    """

    def __init__(self, slide: Slide, study: Path, who: str) -> None:
        study.parent.mkdir(parents=True, exist_ok=True)
        self.store, self.who = CaseStore.open(study), who
        self.slide = self.store.add_slide(_info(slide))
        self.session = self.store.begin_session(who)
        self.run: int | None = None

    def close(self) -> None:
        """Let go of the study."""
        self.store.close()

    def before(self) -> StoredRun | None:
        """The run that stood before this one, if the study has one."""
        return self.store.standing_run(self.slide, but=self.run)

    def cut_off(self) -> list[StoredRun]:
        """Runs since then that were cut off: people may have said something of their circles."""
        before = self.before()
        runs = [run for run in self.store.runs(self.slide) if run.id != self.run]
        return [run for run in runs if before is not None and run.number > before.number]

    def reopen(self, run: StoredRun) -> Session:
        """The session of a run that is kept, as this person left it."""
        self.run = run.id
        session = Session(run.scheme, run.thresholds, self.journal())
        events = self.store.events(run.id)
        state = replay(self.store.table(run.id), events, self.who)
        session.resume(state, events[-1].id if events else 0)
        return session

    def read_as(self, who: str, session: Session) -> None:
        """Let somebody else go on with a session: their labels are shown, and theirs are kept."""
        assert self.run is not None
        begun, events = self.store.begin_session(who), self.store.events(self.run)
        state = replay(self.store.table(self.run), events, who)
        self.session, self.who = begun, who
        session.go_on_in(self.journal())
        session.resume(state, events[-1].id if events else 0)

    @property
    def owner(self) -> tuple[str, str]:
        """The patient and the case that the slide is of."""
        mine = next(slide for slide in self.store.slides() if slide.id == self.slide)
        return mine.patient, mine.case

    @property
    def case(self) -> str:
        """The case that the slide is of."""
        return self.owner[1]

    def assign(self, patient: str, case: str) -> None:
        """Say whose the slide is."""
        self.store.assign(self.slide, patient, case, self.session)

    @property
    def finished(self) -> bool:
        """Whether the case is finished."""
        return self.store.is_finished(self.case)

    def finish_case(self, snapshot: dict[str, Any]) -> None:
        """Freeze the case as it is."""
        self.store.finish_case(self.case, self.session, snapshot)

    def reopen_case(self) -> None:
        """Let the case be changed again."""
        self.store.reopen_case(self.case, self.session)

    def begin(
        self,
        scheme: Scheme,
        cards: dict[str, ModelCard],
        thresholds: Thresholds,
        region: Rectangle | None,
    ) -> RunJournal:
        """Begin a run; what people do to its circles goes into the journal."""
        models = {role: {"name": c.name, "sha256": c.sha256} for role, c in cards.items()}
        self.run = self.store.begin_run(self.slide, scheme, models, thresholds, region)
        return self.journal()

    def journal(self) -> RunJournal:
        """Where the edits of the run go."""
        assert self.run is not None
        return self.store.journal(self.run, self.session)

    def add(self, rows: pd.DataFrame) -> None:
        """Keep circles that the run has found."""
        assert self.run is not None
        self.store.add_circles(self.run, rows)

    def finish(self, table: pd.DataFrame, info: dict[str, Any]) -> None:
        """Keep the numbers that the circles have in the end."""
        assert self.run is not None
        self.store.finish_run(self.run, table, info)

    def carry_over(self, before: StoredRun) -> Carried:
        """Lay what every reader said in the run before over the circles of this one."""
        assert self.run is not None
        others = [who for who in self.store.readers(before.id) if who != self.who]
        mine = carry_over(self.store, before.id, self.run, self.who, self.session)
        for who in others:
            carry_over(self.store, before.id, self.run, who, self.store.begin_session(who))
        return mine


def _info(slide: Slide) -> SlideInfo:
    return SlideInfo(
        slide.fingerprint, slide.name, slide.path, slide.width, slide.height, slide.mpp
    )
