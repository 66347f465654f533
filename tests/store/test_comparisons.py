"""Comparisons of models in a study: each is written down once, and counts against its patients."""

from pathlib import Path

import pytest

from napari_ggs.store import CaseStore, StoreError, export_study, import_study
from napari_ggs.store.patient_keys import known_as, patient_key
from tests.store.studies import info


def told(*patients: str, task: str = "classification", examples: str = "e") -> dict:
    about: dict[str, object] = {
        role: {"name": role, "sha256": role[0] * 64} for role in ("old", "new")
    }
    about |= {"task": task, "examples": examples, "patients": [*patients], "outcome": {"p": 0.01}}
    return about


def test_what_was_compared_is_read_back_and_kept_by_the_chain(store: CaseStore) -> None:
    session = store.begin_session("ann")
    store.record_comparison(session, told("p", "q"), before=0)
    [found] = store.comparisons("classification")
    assert (found.who, found.patients, found.new["name"]) == ("ann", ("p", "q"), "new")
    assert found.outcome == {"p": 0.01}
    assert store.comparisons("detection") == []
    assert store.verify() == []


def test_a_use_of_any_of_the_patients_counts_for_the_same_task(store: CaseStore) -> None:
    session = store.begin_session("ann")
    store.record_comparison(session, told("p", "q"), before=0)
    store.record_comparison(session, told("q", "r"), before=1)
    store.record_comparison(session, told("p", task="detection"), before=0)
    for patients, uses in (("p", 1), ("q", 2), ("pr", 2), ("s", 0)):
        keys = [frozenset({one, "another key"}) for one in patients]
        assert store.uses("classification", keys) == uses


def test_a_comparison_that_another_one_overtook_is_refused(store: CaseStore) -> None:
    session = store.begin_session("ann")
    store.record_comparison(session, told("p"), before=0)
    with pytest.raises(StoreError, match="compare these again"):
        store.record_comparison(session, told("p"), before=0)
    assert len(store.comparisons("classification")) == 1


def test_a_patients_key_is_the_same_always_and_in_a_copy_and_gives_nothing_away(
    store: CaseStore, tmp_path: Path
) -> None:
    store.add_slide(info(), "Smith, John")
    key = patient_key(store, "Smith, John")
    assert key.startswith("study-patient-")
    assert len(key) == len("study-patient-") + 16
    assert patient_key(store, "Smith, John") == key != patient_key(store, "Smith, Joan")
    export_study(store, tmp_path / "out.jsonl.gz")
    with CaseStore.open(tmp_path / "copy.ggs") as copy:
        import_study(tmp_path / "out.jsonl.gz", copy)
        assert patient_key(copy, "Smith, John") == key
        assert copy.verify() == []
    with CaseStore.open(tmp_path / "other.ggs") as other:
        other.add_slide(info("cd"), "Smith, John")
        own = patient_key(other, "Smith, John")
        assert own != key
        import_study(tmp_path / "out.jsonl.gz", other)
        slides = {f"slide-{content * 32}" for content in ("ab", "cd")}
        assert known_as(other, "Smith, John") == {own, key} | slides
        assert patient_key(other, "Smith, John") == own


def test_uses_go_with_an_export(store: CaseStore, tmp_path: Path) -> None:
    store.add_slide(info(), "p")
    key = patient_key(store, "p")
    store.record_comparison(store.begin_session("ann"), told(key), before=0)
    export_study(store, tmp_path / "out.jsonl.gz")
    with CaseStore.open(tmp_path / "copy.ggs") as copy:
        copy.secrets()
        import_study(tmp_path / "out.jsonl.gz", copy)
        assert copy.uses("classification", [known_as(copy, "p")]) == 1
