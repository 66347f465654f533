"""A finished case is frozen until somebody reopens it."""

import pytest

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.store import StoreError
from tests.store.studies import MODELS, assert_whole, begun, info, label, reader, rows_of

CASE = info().fingerprint[:8]


def test_finishing_keeps_a_snapshot_that_stays(store, run) -> None:
    session = store.begin_session("ann")
    assert store.snapshot(CASE) is None
    event = store.finish_case(CASE, session, {"percent": 12.5, "counts": {"normal": 7}})
    assert (event.kind, event.who, event.run) == ("finished", "ann", None)
    assert store.is_finished(CASE)
    store.reopen_case(CASE, session)
    label(reader(store, run), 0)
    assert store.snapshot(CASE) == {"percent": 12.5, "counts": {"normal": 7}}
    store.finish_case(CASE, session, {"percent": 20})
    assert store.snapshot(CASE) == {"percent": 20}
    assert store.verify() == []


def test_nothing_is_added_to_a_finished_case(store, run) -> None:
    session = store.begin_session("ann")
    journal, slide = reader(store, run), store.slides()[0].id
    streaming = begun(store)
    kept = label(journal, 0)
    store.finish_case(CASE, session, {})
    for add in (
        lambda: label(journal, 1),
        lambda: store.cover(slide, session, [(0, 0, 5, 5)]),
        lambda: store.set_sections(slide, session, []),
        lambda: store.begin_run(slide, GGS, MODELS, Thresholds()),
        lambda: store.add_circles(streaming, rows_of(2)),
        lambda: store.finish_run(streaming, glomeruli.empty(GGS), {}),
    ):
        with pytest.raises(StoreError, match="is finished and nothing can be added: reopen it"):
            add()
    assert_whole(store, [kept], run)


def test_a_reopened_case_can_be_changed_again(store, run) -> None:
    session = store.begin_session("ann")
    store.finish_case(CASE, session, {})
    event = store.reopen_case(CASE, session)
    assert (event.kind, event.payload) == ("reopened", {"case": CASE})
    assert not store.is_finished(CASE)
    assert_whole(store, [label(reader(store, run), 1)], run)


@pytest.mark.usefixtures("run")
def test_other_cases_stay_open(store) -> None:
    other = begun(store, info("cd"))
    store.add_circles(other, rows_of(2))
    store.finish_case(CASE, store.begin_session("ann"), {})
    assert_whole(store, [label(reader(store, other), 1)], other)


@pytest.mark.usefixtures("run")
def test_a_case_is_finished_once_and_only_a_finished_one_is_reopened(store) -> None:
    session = store.begin_session("ann")
    with pytest.raises(StoreError, match="is not finished"):
        store.reopen_case(CASE, session)
    store.finish_case(CASE, session, {})
    with pytest.raises(StoreError, match="is finished already"):
        store.finish_case(CASE, session, {})
    with pytest.raises(StoreError, match="There is no case C9"):
        store.is_finished("C9")
