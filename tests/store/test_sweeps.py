"""What is kept about a slide as a whole."""

import pytest

from napari_ggs.store import CaseStore, StoreError, export_study, import_study
from tests.store.studies import finished, info, label, reader


def test_where_people_looked_is_remembered_for_each_and_for_all(store) -> None:
    slide, other = store.add_slide(info("ab")), store.add_slide(info("cd"))
    ann, bob = store.begin_session("ann"), store.begin_session("bob")
    event = store.cover(slide, ann, [(0, 0, 400, 400), (400, 0, 400, 400)])
    store.cover(slide, bob, [(0, 0.5, 400, 400)])
    assert (event.kind, event.who, event.run) == ("covered", "ann", None)
    assert store.covered(slide) == [(0, 0, 400, 400), (400, 0, 400, 400), (0, 0.5, 400, 400)]
    assert store.covered(slide, "bob") == [(0, 0.5, 400, 400)]
    assert store.covered(slide)[0].width == 400
    assert store.covered(other) == []
    assert store.verify() == []


def test_the_sections_that_were_set_last_hold(store) -> None:
    slide = store.add_slide(info())
    session = store.begin_session("ann")
    assert store.sections(slide) is None
    store.set_sections(slide, session, [{"name": "A", "outline": [[0, 0], [1, 0], [1, 1]]}])
    event = store.set_sections(slide, session, [{"name": "B"}, {"name": "C"}])
    assert event.kind == "sections"
    assert store.sections(slide) == [{"name": "B"}, {"name": "C"}]
    store.set_sections(slide, session, [])
    assert store.sections(slide) == []


def test_audits_are_of_a_run_and_of_the_one_who_was_given_them(store) -> None:
    run, other = finished(store), finished(store, slide=info("cd"))
    ann, bob = store.begin_session("ann"), store.begin_session("bob")
    event = store.set_audit(run, ann, {"number": 1, "handles": [3, 1]})
    assert (event.kind, event.who, event.run, event.changes) == ("audit", "ann", run, ())
    store.set_audit(run, bob, {"number": 1, "handles": [0]})
    store.set_audit(run, ann, {"number": 2, "handles": [2]})
    assert [audit["number"] for audit in store.audits(run, "ann")] == [1, 2]
    assert store.audits(run, "bob") == [{"number": 1, "handles": [0]}]
    assert store.audits(other, "ann") == []
    assert store.verify() == []


def test_an_audit_changes_no_circle_and_is_passed_over_by_journals(store, run) -> None:
    journal = reader(store, run)
    label(journal, 2)
    store.set_audit(run, journal.session, {})
    label(journal, 3)
    assert [event.kind for event in journal.events()] == ["labelled", "audit", "labelled"]
    assert store.labels(run)["ann"].ne("").sum() == 2


def test_audits_are_imported_with_their_run(store, run, tmp_path) -> None:
    store.set_audit(run, store.begin_session("ann"), {"number": 1})
    export_study(store, tmp_path / "study.jsonl.gz")
    with CaseStore.open(tmp_path / "other.ggs") as other:
        finished(other, slide=info("cd"))
        import_study(tmp_path / "study.jsonl.gz", other)
        assert other.audits(2, "ann") == [{"number": 1}]


def test_a_finished_case_is_given_no_audit(store, run) -> None:
    session = store.begin_session("ann")
    store.finish_case(store.slides()[0].case, session, {})
    with pytest.raises(StoreError, match="finished"):
        store.set_audit(run, session, {})
    with pytest.raises(KeyError):
        store.set_audit(99, session, {})
