"""Sections as people draw and name them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.errors import UserError
from napari_ggs.review.placing import Placing
from napari_ggs.review.section_edits import distinct, edited, renamed
from napari_ggs.review.sections import Section
from napari_ggs.slides.tissue import Tissue
from tests.store.studies import rows_of

SQUARE = ((0.0, 0.0), (160.0, 0.0), (160.0, 160.0), (0.0, 160.0))
BESIDE = ((320.0, 0.0), (480.0, 0.0), (480.0, 160.0), (320.0, 160.0))
BEFORE = [Section("1", SQUARE, 0.5), Section("2", BESIDE, 0.6)]


def tissue(mpp: float = 8.0) -> Tissue:
    """Tissue in the upper half of 30 x 40 mask px of 16 level-0 px."""
    mask = np.zeros((30, 40), dtype=bool)
    mask[:15] = True
    return Tissue(mask, mpp, 16.0)


def draw(*drawn: tuple[str, tuple]) -> list[Section]:
    return edited(drawn, BEFORE, tissue())


def test_what_is_as_it_was_stays_as_it_was() -> None:
    nearly = tuple((x + 0.01, y) for x, y in SQUARE)
    assert draw(("1", nearly), ("2", BESIDE)) == BEFORE
    assert draw(("2", BESIDE)) == BEFORE[1:]


def test_another_outline_has_the_area_of_its_tissue() -> None:
    (found,) = draw(("1", ((0, 0), (320, 0), (320, 480), (0, 480))))
    assert found.area_mm2 == pytest.approx(20 * 15 * 64e-6)
    (unknown,) = edited([("1", ((0, 0), (320, 0), (0, 480)))], (), tissue(float("nan")))
    assert np.isnan(unknown.area_mm2)


@pytest.mark.parametrize(
    ("outline", "words"),
    [
        (((0, 0), (9, 9)), "2 corners"),
        (((0, 0), (90, 90), (90, 0), (0, 90)), "crosses itself"),
        (((0, 0), (50, 50), (90, 90)), "encloses nothing"),
        (((0, 0), (90, 0), (90, 90), (40, 90), (40, -40), (20, -40), (20, 90), (0, 90)), "crosses"),
    ],
)
def test_what_is_no_outline_is_refused(outline: tuple, words: str) -> None:
    with pytest.raises(UserError, match=words):
        draw(("1", outline))


@given(st.integers(3, 40), st.floats(0, 6))
def test_a_round_outline_does_not_cross_itself(n: int, turn: float) -> None:
    angles = turn + np.linspace(0, 2 * np.pi, n, endpoint=False)
    outline = tuple((float(100 * np.cos(a)), float(100 * np.sin(a))) for a in angles)
    assert draw(("1", outline))[0].outline == outline


def test_names_are_distinct() -> None:
    assert distinct(["a", " a ", "", "1", "b"]) == ["a", "2", "3", "1", "b"]


@given(st.lists(st.sampled_from(["", "1", "2", "3", "a", " a"])))
def test_every_section_has_a_name_of_its_own(names: list[str]) -> None:
    found = distinct(names)
    assert len({*found} - {""}) == len(names)


def test_a_section_is_renamed_unless_the_name_is_taken() -> None:
    assert [one.name for one in renamed(BEFORE, "1", " cortex ")] == ["cortex", "2"]
    assert renamed(BEFORE, "1", "1") == BEFORE
    for name in ("2", "  "):
        with pytest.raises(UserError, match="name"):
            renamed(BEFORE, "1", name)


def test_circles_are_placed_anew_only_if_they_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_ggs.review import placing

    asked: list[int] = []
    of = placing.section_of
    monkeypatch.setattr(
        placing, "section_of", lambda x, y, sections: asked.append(len(x)) or of(x, y, sections)
    )
    table, here = rows_of(6).assign(y=80.0), Placing(BEFORE)
    table["x"] = [80.0, 80, 80, 400, 400, 2000]
    assert here.placed(table)["section"].tolist() == ["1", "1", "1", "2", "2", ""]
    table.loc[0, "x"] = 400.0
    assert here.placed(table)["section"].tolist() == ["2", "1", "1", "2", "2", ""]
    assert here.placed(table.iloc[::-1])["section"].tolist() == ["", "2", "2", "1", "1", "2"]
    more = rows_of(1, first=6).assign(x=80.0, y=80.0)
    assert here.placed(more)["section"].tolist() == ["1"]
    assert asked == [6, 1, 0, 1]
