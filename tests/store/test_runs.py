"""Runs over a slide, and the circles that they find, as they stream and in the end."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import CIRCLEMIX, GGS
from napari_ggs.store import FIRST_DRAWN, StoreError
from tests.store.studies import (
    MODELS,
    begun,
    draw,
    finished,
    info,
    reader,
    rows_of,
    some_store,
)
from tests.tables import tables


def test_a_run_says_how_it_came_about(store) -> None:
    slide = store.add_slide(info())
    region = (10, 20.5, 300, 400)
    run = store.begin_run(slide, CIRCLEMIX, MODELS, Thresholds(0.2, 0.7), region)
    (found,) = store.runs(slide)
    assert found == store.run(run)
    assert (found.id, found.slide, found.number) == (run, slide, 1)
    assert (found.scheme, found.models) == (CIRCLEMIX, MODELS)
    assert (found.thresholds, found.region) == (Thresholds(0.2, 0.7), region)
    assert abs((datetime.now(UTC) - found.created).total_seconds()) < 60
    assert (found.finished, found.info) == (False, {})
    store.finish_run(run, glomeruli.empty(CIRCLEMIX), {"missed": 0.25})
    assert store.run(run) == replace(found, finished=True, info={"missed": 0.25})


def test_the_runs_of_each_slide_are_numbered_on_their_own(store) -> None:
    first, second = store.add_slide(info("ab")), store.add_slide(info("cd"))
    for slide in (first, second, first):
        store.begin_run(slide, GGS, MODELS, Thresholds())
    assert [run.number for run in store.runs(first)] == [1, 2]
    assert [run.number for run in store.runs(second)] == [1]
    assert store.runs(first)[0].region is None


def test_unknown_slides_runs_and_schemes_are_faults_of_ours(store) -> None:
    with pytest.raises(KeyError, match="no slide 3"):
        store.begin_run(3, GGS, MODELS, Thresholds())
    with pytest.raises(KeyError, match="no run 4"):
        store.table(4)
    with pytest.raises(ValueError, match="one of ggs, circlemix, binary, not 'mine'"):
        store.begin_run(store.add_slide(info()), replace(GGS, name="mine"), MODELS, Thresholds())


def test_the_classes_of_a_newer_version_are_said(store, run) -> None:
    with store.database.writing() as db:
        db.execute("UPDATE runs SET scheme = 'banff'")
    with pytest.raises(StoreError, match="classes 'banff', which this napari-ggs does not know"):
        store.table(run)


@given(table=tables(GGS), t_glom=st.floats(0, 1))
@settings(max_examples=15)
def test_a_run_gives_back_the_table_that_it_was_given(table, t_glom) -> None:
    expected = glomeruli.numbered(table).assign(label=pd.array([""] * len(table), dtype="str"))
    predicted = glomeruli.predict(expected[list(GGS.columns)], GGS, t_glom)
    expected["predicted"] = pd.array(predicted, dtype="str")
    with some_store() as store:
        slide = store.add_slide(info())
        run = store.begin_run(slide, GGS, MODELS, Thresholds(0.1, t_glom))
        store.add_circles(run, table)
        pd.testing.assert_frame_equal(store.table(run), expected, check_exact=True)
        store.finish_run(run, expected, {})
        pd.testing.assert_frame_equal(store.table(run), expected, check_exact=True)


def test_circles_stream_in_and_are_numbered_by_place(store) -> None:
    run = begun(store)
    batches = [rows_of(3), rows_of(2, first=3), rows_of(0, first=5)]
    for batch in batches:
        store.add_circles(run, batch)
    whole = glomeruli.numbered(pd.concat(batches[:2]))
    provisional = store.table(run)
    assert provisional.index.tolist() == whole.index.tolist()
    assert provisional["id"].tolist() == [1, 2, 3, 4, 5]
    assert not store.runs(1)[0].finished


def test_pixels_that_could_not_be_read_leave_no_probabilities(store) -> None:
    run, rows = begun(store), rows_of(3)
    rows.loc[1, list(GGS.columns)] = np.nan
    store.add_circles(run, rows)
    table = store.table(run).sort_index()
    assert table[list(GGS.columns)].isna().all(axis=1).tolist() == [False, True, False]
    assert table["predicted"][1] == ""
    with store.database.reading() as db:
        assert db.execute("SELECT count(*) FROM probabilities").fetchone() == (10,)
        assert db.execute("SELECT DISTINCT model FROM probabilities").fetchall() == [
            ("classifier",)
        ]


def test_a_streaming_run_and_a_drawing_person_do_not_get_in_each_others_way(store) -> None:
    run = begun(store)
    journal = reader(store, run)
    store.add_circles(run, rows_of(2))
    drawn = [draw(journal, x) for x in (9.0, 3.0)]
    store.add_circles(run, rows_of(2, first=2))
    handles = [event.changes[0].handle for event in drawn]
    assert handles == [FIRST_DRAWN, FIRST_DRAWN + 1]
    assert store.table(run)["id"].tolist() == [1, 2, 3, 4, 5, 6]
    assert store.table(run).index.tolist()[4:] == handles
    store.finish_run(run, glomeruli.numbered(pd.concat([rows_of(2), rows_of(2, first=2)])), {})
    later = draw(journal, 1.0).changes[0].handle
    table = store.table(run)
    assert table["id"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert table.index.tolist()[4:] == [*handles, later]
    assert table["x"].tolist()[4:] == [9.0, 3.0, 1.0]
    assert table.loc[handles, ["detection_score", *GGS.columns]].isna().all(axis=None)


def test_circles_can_be_drawn_where_nothing_was_found(store) -> None:
    run = finished(store, n=0)
    draw(reader(store, run))
    table = store.table(run)
    assert table["id"].tolist() == [1]
    assert table["predicted"].tolist() == [""]


def test_a_table_of_other_circles_does_not_finish_a_run(store) -> None:
    run = begun(store)
    store.add_circles(run, rows_of(3))
    with pytest.raises(ValueError, match="was given 3 circles"):
        store.finish_run(run, glomeruli.numbered(rows_of(2)), {})
    assert not store.run(run).finished


def test_a_finished_run_takes_no_more_circles(store, run) -> None:
    with pytest.raises(ValueError, match="is finished"):
        store.add_circles(run, rows_of(1, first=6))
    with pytest.raises(ValueError, match="is finished"):
        store.finish_run(run, store.table(run), {})


@pytest.mark.parametrize("handle", [-1, FIRST_DRAWN])
def test_handles_of_found_circles_are_in_their_range(handle, store) -> None:
    with pytest.raises(ValueError, match=f"not {handle} to {handle}"):
        store.add_circles(begun(store), rows_of(1, first=5).set_axis([handle]))


def test_ten_thousand_circles_are_quick(store) -> None:
    run, rows = begun(store), rows_of(10_000)
    start = time.perf_counter()
    store.add_circles(run, rows)
    added = time.perf_counter()
    assert len(store.table(run)) == 10_000
    assert added - start < 3  # 0.15 s on an idle machine
    assert time.perf_counter() - added < 3
