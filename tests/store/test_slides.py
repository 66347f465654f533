"""Slides are known by their content, and belong to cases of patients."""

from dataclasses import replace
from pathlib import Path

import pytest

from napari_ggs.store import StoreError
from napari_ggs.store.slides import told_unassigned
from tests.store.studies import info


def owners(store) -> dict[str, tuple[str, str]]:
    return {slide.name: (slide.patient, slide.case) for slide in store.slides()}


def test_a_renamed_or_moved_slide_is_the_same(store) -> None:
    first = store.add_slide(info())
    moved = replace(info(name="renamed.svs"), path=Path("/elsewhere/renamed.svs"))
    assert store.add_slide(moved) == first
    (found,) = store.slides()
    assert found == store.slide(info().fingerprint)
    assert (found.name, found.path) == ("renamed.svs", Path("/elsewhere/renamed.svs"))
    assert (found.width, found.height, found.mpp) == (4000, 3000, 0.25)


def test_the_scale_of_a_known_slide_is_kept_until_another_one_is_given(store) -> None:
    store.add_slide(replace(info(), mpp=None))
    assert store.slides()[0].mpp is None
    store.add_slide(info())
    store.add_slide(replace(info(), mpp=None))
    assert store.slides()[0].mpp == 0.25


def test_a_slide_that_the_study_does_not_know_is_none(store) -> None:
    assert store.slide("unknown") is None
    assert store.slides() == []


def test_a_slide_gets_a_pseudonym_unless_somebody_says_whose_it_is(store) -> None:
    store.add_slide(info("ab", "a.svs"))
    store.add_slide(info("cd", "b.svs"), patient="P1", case="C1")
    store.add_slide(info("ef", "c.svs"), case="C1")
    assert owners(store) == {
        "a.svs": ("abababab", "abababab"),
        "b.svs": ("P1", "C1"),
        "c.svs": ("P1", "C1"),
    }
    store.add_slide(info("ab", "a.svs"), patient="P2", case="C2")
    assert owners(store)["a.svs"] == ("abababab", "abababab")


def test_a_case_belongs_to_one_patient(store) -> None:
    store.add_slide(info("ab"), patient="P1", case="C1")
    with pytest.raises(StoreError, match="C1 has slides of another patient"):
        store.add_slide(info("cd"), patient="P2", case="C1")
    assert len(store.slides()) == 1


def test_assigning_a_slide_leaves_a_trace(store) -> None:
    slide = store.add_slide(info("ab", "a.svs"))
    event = store.assign(slide, "P1", "C1", store.begin_session("ann"))
    assert (event.kind, event.who, event.run) == ("assigned", "ann", None)
    assert event.payload == {
        "old": {"patient": "abababab", "case": "abababab"},
        "new": {"patient": "P1", "case": "C1"},
    }
    assert owners(store) == {"a.svs": ("P1", "C1")}
    assert store.verify() == []


def test_the_patient_of_a_case_can_be_corrected_by_its_only_slide(store) -> None:
    session = store.begin_session("ann")
    slide = store.add_slide(info("ab", "a.svs"), patient="P1", case="C1")
    store.assign(slide, "P2", "C1", session)
    assert owners(store) == {"a.svs": ("P2", "C1")}
    store.add_slide(info("cd", "b.svs"), case="C1")
    with pytest.raises(StoreError, match="assign those slides first"):
        store.assign(slide, "P3", "C1", session)
    assert owners(store) == {"a.svs": ("P2", "C1"), "b.svs": ("P2", "C1")}


def test_nothing_is_assigned_out_of_or_into_a_finished_case(store) -> None:
    session = store.begin_session("ann")
    done = store.add_slide(info("ab", "a.svs"), case="C1")
    other = store.add_slide(info("cd", "b.svs"), case="C2")
    store.finish_case("C1", session, {})
    before = owners(store)
    for slide, case in ((done, "C2"), (other, "C1")):
        with pytest.raises(StoreError, match="C1 is finished"):
            store.assign(slide, "P9", case, session)
    with pytest.raises(StoreError, match="C1 is finished"):
        store.add_slide(info("ef", "c.svs"), case="C1")
    assert owners(store) == before


def test_an_unknown_slide_is_a_fault_of_ours(store) -> None:
    with pytest.raises(KeyError, match="no slide 7"):
        store.assign(7, "P", "C", store.begin_session("ann"))


def test_slides_that_nobody_assigned_are_counted_in_words(store) -> None:
    store.add_slide(info("cd", "b.svs"), patient="P1", case="C1")
    assert told_unassigned(store.slides()) == ""
    first = store.add_slide(info("ab", "a.svs"))
    assert told_unassigned(store.slides()).startswith("1 slide has no patient: each counts as")
    store.add_slide(info("ef", "c.svs"))
    assert told_unassigned(store.slides()).startswith("2 slides have no patient")
    store.assign(first, "P1", "C2", store.begin_session("ann"))
    assert told_unassigned(store.slides()).startswith("1 slide has")
