"""Small studies to test with."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.store import (
    NEW,
    CaseStore,
    Event,
    FieldChange,
    RunJournal,
    SlideInfo,
    circle_text,
)

MODELS = {
    "detector": {"name": "circlenet", "sha256": "d" * 64},
    "classifier": {"name": "lite0", "sha256": "c" * 64},
}


def info(content: str = "ab", name: str = "one.svs") -> SlideInfo:
    return SlideInfo(content * 32, name, Path("/slides") / name, 4000, 3000, 0.25)


def rows_of(n: int, first: int = 0, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed + first)
    p = rng.dirichlet(np.full(len(GGS.classes), 0.5), n)
    rows = glomeruli.build(rng.uniform(1, 1e4, (n, 3)), rng.uniform(0, 1, n), p, GGS)
    return rows.set_axis(range(first, first + n))


def begun(store: CaseStore, slide: SlideInfo | None = None) -> int:
    return store.begin_run(store.add_slide(slide or info()), GGS, MODELS, Thresholds(0.2, 0.6))


def finished(store: CaseStore, n: int = 6, slide: SlideInfo | None = None) -> int:
    run, rows = begun(store, slide), rows_of(n)
    store.add_circles(run, rows)
    store.finish_run(run, glomeruli.numbered(rows), {"seconds": 1.5})
    return run


def reader(store: CaseStore, run: int, who: str = "ann") -> RunJournal:
    return store.journal(run, store.begin_session(who))


def label(journal: RunJournal, handle: int, name: str = "normal") -> Event:
    return journal.append("labelled", [FieldChange(handle, "label", "", name)])


def note(journal: RunJournal, text: str) -> Event:
    return journal.append("noted", [FieldChange(0, "note", "", text)])


def draw(journal: RunJournal, x: float = 5.0, name: str = "obsolescent") -> Event:
    circle = FieldChange(NEW, "circle", "", circle_text(x, 2.5, 30.0))
    return journal.append("drawn", [circle, FieldChange(NEW, "label", "", name)])


def undo(journal: RunJournal, event: Event) -> Event:
    back = [FieldChange(c.handle, c.field, c.new, c.old) for c in event.changes]
    return journal.append("undo", back, undoes=event.id)


def assert_whole(store: CaseStore, events: Iterable[Event], run: int) -> None:
    """These events are there and the study is sound."""
    assert store.events(run) == list(events)
    assert store.verify() == []


@contextmanager
def some_store() -> Iterator[CaseStore]:
    """A study of its own, for each example of a property."""
    with TemporaryDirectory() as folder, CaseStore.open(Path(folder) / "study.ggs") as store:
        yield store
