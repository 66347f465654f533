"""The slides of a case: counted as one reader left them, anew only if they changed."""

import pytest

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import BINARY, GGS
from napari_ggs.review import case_slides
from napari_ggs.review.case_slides import CaseSlides
from napari_ggs.review.conventions import case_table, conventions, together
from napari_ggs.review.count_rows import count_rows
from napari_ggs.review.sections import Section
from napari_ggs.store import CaseStore
from tests.store.conftest import store  # noqa: F401
from tests.store.studies import MODELS, finished, info, label, reader, rows_of

EVERYWHERE = Section("all", ((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6)))
LIMITS = Thresholds(0.2, 0.6)


def case_of_two(store: CaseStore) -> tuple[int, int]:  # noqa: F811
    """The slide at hand, and the run of another one of its case."""
    here = store.add_slide(info("aa", "a.svs"))
    owner = store.slides()[0]
    store.add_slide(info("bb", "b.svs"), owner.patient, owner.case)
    return here, finished(store, slide=info("bb", "b.svs"))


def test_a_slide_counts_by_its_own_thresholds_as_its_reader_left_it(store: CaseStore) -> None:  # noqa: F811
    here, run = case_of_two(store)
    case = CaseSlides(store, here, GGS)
    (other,) = case.others("ann")
    expected = glomeruli.counts(store.table(run), GGS, LIMITS)
    assert other.found is not None
    assert other.found.total.counts == expected
    assert "sections not known" in other.remark
    for handle in range(6):
        label(reader(store, run, "ann"), handle, "solidified")
    (mine,) = case.others("ann")
    (bobs,) = case.others("bob")
    assert mine.found is not None
    assert bobs.found is not None
    assert mine.found.total.counts["solidified"] == 6
    assert bobs.found.total.counts == expected


def test_a_slide_is_counted_anew_only_if_it_changed(
    store: CaseStore,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[None] = []
    monkeypatch.setattr(
        case_slides,
        "conventions",
        lambda *args, **settings: counted.append(None) or conventions(*args, **settings),
    )
    here, run = case_of_two(store)
    case = CaseSlides(store, here, GGS)
    case.others("ann")
    case.others("ann")
    assert len(counted) == 1
    label(reader(store, run, "ann"), 0)
    case.others("ann")
    assert len(counted) == 2
    other = store.run(run).slide
    store.set_sections(other, store.begin_session("ann"), [EVERYWHERE.to_dict()])
    (found,) = case.others("ann")
    assert len(counted) == 3
    assert found.found is not None
    assert list(found.found.levels) == ["all"]
    assert found.remark == ""


def test_slides_that_cannot_be_counted_say_why(store: CaseStore) -> None:  # noqa: F811
    here, _ = case_of_two(store)
    owner = store.slides()[0]
    for content, scheme in (("cc", BINARY), ("dd", None)):
        slide = store.add_slide(info(content, f"{content}.svs"), owner.patient, owner.case)
        if scheme is not None:
            store.begin_run(slide, scheme, MODELS, LIMITS)
    store.add_slide(info("ee", "of another case.svs"))
    found = CaseSlides(store, here, GGS).others("ann")
    assert [(each.name, each.found is None) for each in found] == [
        ("b.svs", False),
        ("cc.svs", True),
        ("dd.svs", True),
    ]
    assert [each.remark for each in found[1:]] == ["classes of binary: not added", "no run yet"]


def test_slides_together_are_as_their_case_table() -> None:
    tables = {
        name: rows_of(30, seed=seed).assign(section=["1"] * 12 + ["2"] * 12 + [""] * 6)
        for seed, name in enumerate("ab")
    }
    each = {name: conventions(table, GGS, LIMITS) for name, table in tables.items()}
    assert together(each, GGS) == conventions(case_table(tables), GGS, LIMITS)


def test_circles_in_no_section_have_a_line() -> None:
    table = rows_of(30).assign(section=["1"] * 20 + [""] * 10)
    found = conventions(table, GGS, Thresholds(0), names=["1"])
    rows = {row.name: row for row in count_rows(found, [Section("1", ())], [], GGS)}
    assert list(rows) == ["1", "in no section", "Slide, total", "Slide, per level"]
    outside = rows["in no section"]
    assert outside.tally is not None
    assert outside.tally.counts == glomeruli.counts(table[20:], GGS, Thresholds(0))
    assert int(outside.cells(GGS)[0]) == found.outside
