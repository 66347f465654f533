"""A whole study goes into one file and comes out of it as it was."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.errors import UserError
from napari_ggs.store import CaseStore, StoreError, export_study, fold, import_study
from tests.store.happenings import STEPS, happen
from tests.store.studies import (
    begun,
    draw,
    finished,
    info,
    label,
    reader,
    rows_of,
    some_store,
    undo,
)


def dump(store: CaseStore) -> bytes:
    """All that a study has."""
    path = store.path.with_suffix(".jsonl.gz")
    export_study(store, path)
    return path.read_bytes()


def study(path: Path, content: str = "ab", name: str = "one.svs", case: str = "") -> CaseStore:
    """A study of one slide with some of everything."""
    store = CaseStore.open(path)
    slide = store.add_slide(info(content, name), case=case)
    run = finished(store, slide=info(content, name))
    journal = reader(store, run)
    label(journal, 1)
    undo(journal, draw(journal))
    store.cover(slide, journal.session, [(0, 0, 5, 5)])
    store.finish_case(store.slides()[0].case, journal.session, {"percent": 4.5})
    store.reopen_case(store.slides()[0].case, journal.session)
    store.add_circles(begun(store, info(content, name)), rows_of(2))
    return store


@pytest.fixture
def exported(tmp_path) -> Path:
    with study(tmp_path / "source.ggs") as source:
        export_study(source, tmp_path / "study.jsonl.gz")
    return tmp_path / "study.jsonl.gz"


def test_an_imported_study_is_equal_to_the_exported_one(exported, store) -> None:
    import_study(exported, store)
    assert dump(store) == exported.read_bytes()
    assert store.verify() == []
    assert [run.finished for run in store.runs(1)] == [True, False]
    assert store.table(1)["id"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert store.covered(1) == [(0, 0, 5, 5)]
    assert store.snapshot(store.slides()[0].case) == {"percent": 4.5}
    assert sorted(file.name for file in store.path.parent.iterdir() if file.is_dir()) == []


@given(steps=st.lists(STEPS, max_size=10))
@settings(max_examples=8)
def test_any_study_comes_out_as_it_went_in(steps) -> None:
    with some_store() as source, some_store() as target:
        run = finished(source, n=3)
        happen(source, run, steps)
        whole = dump(source)
        import_study(source.path.with_suffix(".jsonl.gz"), target)
        assert dump(target) == whole
        assert target.verify() == []
        for who in ("ann", "bob"):
            first, second = (fold(s.table(run), s.events(run), who) for s in (source, target))
            assert first.equals(second)


def test_a_study_can_go_on_after_an_import(exported, store) -> None:
    import_study(exported, store)
    journal = reader(store, 1, "bob")
    draw(journal)
    assert store.table(1)["id"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert store.verify() == []


def test_studies_of_other_slides_are_joined(exported, tmp_path) -> None:
    with (
        study(tmp_path / "other.ggs", "cd", "two.svs") as target,
        CaseStore.open(tmp_path / "source.ggs") as source,
    ):
        before = target.events(1)
        import_study(exported, target)
        assert target.verify() == []
        assert [slide.name for slide in target.slides()] == ["two.svs", "one.svs"]
        assert target.events(1) == before
        (run, _) = target.runs(2)
        assert target.table(run.id).equals(source.table(1))
        assert target.events(run.id)[2].undoes == target.events(run.id)[1].id
        first, second = (
            fold(s.table(r), s.events(r), "ann") for s, r in ((source, 1), (target, run.id))
        )
        assert first.equals(second)
        assert target.covered(2) == [(0, 0, 5, 5)]
        assert target.snapshot(target.slides()[1].case) == {"percent": 4.5}


def test_a_slide_that_the_study_has_is_refused_by_name_and_nothing_is_imported(
    exported, tmp_path
) -> None:
    with study(tmp_path / "other.ggs", "cd", "two.svs") as target:
        finished(target, slide=info("ab", "renamed.svs"))
        before = dump(target)
        with pytest.raises(StoreError, match=r"has one\.svs already, so nothing was imported"):
            import_study(exported, target)
        assert dump(target) == before


def test_cases_of_one_name_are_joined_unless_they_are_finished_or_anothers(tmp_path) -> None:
    with study(tmp_path / "a.ggs", "ab", "one.svs", case="C1") as source:
        source.assign(1, "P1", "C1", 1)
        export_study(source, tmp_path / "a.jsonl.gz")
    with CaseStore.open(tmp_path / "b.ggs") as target:
        target.add_slide(info("cd", "two.svs"), patient="P2", case="C1")
        with pytest.raises(StoreError, match="C1 has slides of another patient"):
            import_study(tmp_path / "a.jsonl.gz", target)
        session = target.begin_session("bob")
        target.assign(1, "P1", "C1", session)
        target.finish_case("C1", session, {})
        with pytest.raises(StoreError, match="C1 is finished"):
            import_study(tmp_path / "a.jsonl.gz", target)
        target.reopen_case("C1", session)
        import_study(tmp_path / "a.jsonl.gz", target)
        assert {(slide.case, slide.patient) for slide in target.slides()} == {("C1", "P1")}
        assert target.verify() == []


def changed(path: Path, old: bytes, new: bytes) -> None:
    text = gzip.decompress(path.read_bytes())
    assert old in text
    path.write_bytes(gzip.compress(text.replace(old, new)))


def test_an_export_that_was_changed_is_refused(exported, store) -> None:
    changed(exported, b'"labelled"', b'"relabelled"')
    with pytest.raises(StoreError, match="was changed or damaged: event 1"):
        import_study(exported, store)
    assert store.slides() == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"napari-ggs study"', b'"a poem"'),
        (b'"table": "circles"', b'"table": "sqlite_master"'),
        (b'"drawn_by"', b'"drawn"'),
        (b"4000, 3000", b"4000"),
        (b"{", b"<"),
    ],
)
def test_what_is_no_export_is_refused(old, new, exported, store) -> None:
    changed(exported, old, new)
    with pytest.raises(StoreError, match="cannot be read as an export of a study"):
        import_study(exported, store)
    assert store.slides() == []


def test_a_file_that_is_cut_off_absent_or_of_another_kind_is_refused(exported, store) -> None:
    exported.write_bytes(exported.read_bytes()[:-200])
    for path in (exported, store.path, store.path.with_name("absent.jsonl.gz")):
        with pytest.raises(StoreError, match="cannot be read as an export"):
            import_study(path, store)
    assert store.slides() == []


def test_an_export_that_cannot_be_written_is_said(store) -> None:
    with pytest.raises(UserError, match="the folder does not exist"):
        export_study(store, store.path.parent / "no" / "study.jsonl.gz")
