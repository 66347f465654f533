"""A process that edits at full speed, and tells each edit once the screen would show it."""

import json
import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import FLAGS, Drawn, Flagged, Labelled, Moved, Noted, Removed, Session
from napari_ggs.store import CaseStore, Event, SlideInfo, replay

RUN = 1


def new_study(folder: Path, circles: int) -> Path:
    """A study with one finished run."""
    rng = np.random.default_rng(0)
    xyr = np.column_stack([rng.uniform(0, 2e4, (circles, 2)), rng.uniform(60, 200, circles)])
    p = rng.dirichlet(np.ones(len(GGS.classes)), circles)
    rows = glomeruli.build(xyr, np.ones(circles), p, GGS).set_axis(range(circles))
    with CaseStore.open(folder / "study.ggs") as store:
        slide = store.add_slide(SlideInfo("f" * 32, "a", Path("a.svs"), 20_000, 20_000, 0.25))
        run = store.begin_run(slide, GGS, {}, Thresholds(), None)
        store.add_circles(run, rows)
        store.finish_run(run, rows, {})
    return store.path


def opened(store: CaseStore, who: str) -> Session:
    """The review as the window opens it."""
    session = Session(GGS, Thresholds(), store.journal(RUN, store.begin_session(who)))
    events = store.events(RUN)
    session.resume(replay(store.table(RUN), events, who), events[-1].id if events else 0)
    return session


def told(event: Event) -> list:
    """All that an event says, as JSON gives it back."""
    changes = [[c.handle, c.field, c.old, c.new] for c in event.changes]
    return [event.id, event.who, event.kind, event.undoes, changes]


def some_edit(session: Session, rng: np.random.Generator) -> Callable[[], None]:
    """Something that a reader may do next."""
    there = session.table.index
    chosen = tuple(int(h) for h in rng.choice(there, int(rng.integers(1, 4)), replace=False))
    x, y, radius = (float(v) for v in rng.uniform(50, 500, 3))
    name = str(rng.choice(GGS.classes))
    events = [
        Labelled(chosen, name),
        Flagged(chosen, str(rng.choice(FLAGS)), on=bool(rng.random() < 0.5)),
        Noted(chosen, f"{x:.9f}" * int(rng.integers(1, 30))),
        Moved(chosen[:1], np.array([[x, y, radius]])),
        Drawn(x, y, radius, name),
        Removed(chosen[:1]),
    ]
    if (turn := int(rng.integers(len(events) + 2))) < len(events):
        return lambda: session.apply(events[turn])
    return (session.undo, session.redo)[turn - len(events)]


def edit_for_ever(study: Path, who: str, seed: int, out: IO[str]) -> None:
    """Edit, and tell each edit once it would be on the screen; of a full disk, tell that."""
    rng, mine = np.random.default_rng(seed), []
    with CaseStore.open(study, create=False) as store:
        session = opened(store, who)
        session.recorded.connect(lambda e: mine.append(told(e)) if e.who == who else None)
        while True:
            before = session.everything
            try:
                some_edit(session, rng)()
            except UserError as fault:
                shown = bool(mine) or not before.equals(session.everything)
                mine[:] = [f"shown though it failed: {fault}" if shown else f"failed: {fault}"]
            for words in mine:
                out.write(json.dumps(words) + "\n")
            out.flush()
            mine.clear()


class Writer:
    """A process that edits until it is killed, and what it told."""

    def __init__(self, study: Path, who: str, seed: int) -> None:
        self.who, (self._read, write) = who, os.pipe()
        self.process = os.fork()
        if self.process == 0:  # a fork, so that 400 processes need not import all anew
            os.close(self._read)
            with os.fdopen(write, "w") as out:
                _in_child(lambda: edit_for_ever(study, who, seed, out))
        os.close(write)
        self._lines = os.fdopen(self._read)
        self.heard: list = [self.hear()]

    def hear(self) -> object:
        """The next that it tells."""
        return json.loads(self._lines.readline())

    def hear_until(self, wanted: Callable[[object], bool]) -> None:
        """Listen until it tells something of a kind."""
        while not wanted(self.heard[-1]):
            self.heard.append(self.hear())

    def kill(self) -> None:
        """End it at once, and read what it had told by then; half a line is not told."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        lines = self._lines.read().splitlines(keepends=True)
        self.heard += [json.loads(line) for line in lines if line.endswith("\n")]
        self._lines.close()

    @property
    def edits(self) -> dict[int, list]:
        """What it told of edits, by id."""
        return {words[0]: words for words in self.heard if isinstance(words, list)}

    @property
    def faults(self) -> list[str]:
        """What it told of edits that failed."""
        return [words for words in self.heard if isinstance(words, str)]


def _in_child(work: Callable[[], None]) -> None:
    """Work that never goes back into what the parent was doing."""
    try:
        work()
    except BaseException:
        traceback.print_exc()
    os._exit(1)
