from functools import partial

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_ggs import circles, glomeruli, models, pipeline
from napari_ggs.detection import Region, detect
from napari_ggs.glomeruli import LOWEST_SCORE, Thresholds
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.slides import Slide, SlideError, open_slide
from napari_ggs.slides.openslide_backend import OpenSlideBackend
from napari_ggs.slides.tiff import TiffBackend


@pytest.fixture(scope="module")
def detector():
    return models.load_detector(models.DEFAULT_DETECTOR).detector


@pytest.fixture(scope="module")
def classifier():
    return models.load_classifier(models.DEFAULT_CLASSIFIER).classifier


@pytest.fixture(scope="module")
def steps(kidney, detector, classifier):
    with open_slide(kidney) as slide:
        return list(detect_and_classify(slide, detector, classifier))


def test_only_the_last_item_has_the_table_and_it_has_every_row(steps) -> None:
    assert all(step.table is None for step in steps[:-1])
    streamed = pd.concat([step.rows for step in steps if len(step.rows)])
    table = steps[-1].table
    assert sorted(table.index) == sorted(streamed.index) == list(range(len(table)))
    pd.testing.assert_frame_equal(
        table.drop(columns="id").sort_index(), streamed.drop(columns="id").sort_index()
    )


def test_ids_follow_y_then_x(steps) -> None:
    table = steps[-1].table
    assert table["id"].tolist() == list(range(1, len(table) + 1))
    assert table["y"].is_monotonic_increasing


def test_progress_ends_at_all_tiles_and_never_falls(steps) -> None:
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert steps[-1].done == steps[-1].total > 0


def test_time_in_the_networks_is_part_of_the_total(steps) -> None:
    seconds = steps[-1].seconds
    assert 0 < seconds.detector + seconds.classifier <= seconds.total


def test_most_glomeruli_of_a_phantom_are_found_and_kept(steps, kidney, classifier) -> None:
    truth = pd.read_csv(kidney.with_suffix(".truth.csv"))
    whole = truth[~truth["cut"]]
    table = steps[-1].table
    kept = table[table["predicted"].isin(classifier.scheme.glomerular)]
    matched = circles.match(
        glomeruli.circles_of(kept), glomeruli.circles_of(whole), kept["detection_score"]
    )
    assert len(whole) >= 5
    assert (matched >= 0).sum() >= 0.7 * len(whole)


def test_rejected_and_low_scored_circles_stay_in_the_table(steps) -> None:
    table = steps[-1].table
    assert (table["predicted"] == NON_GLOMERULUS).any()
    assert (table["detection_score"] < Thresholds().detection).any()
    assert (table["detection_score"] >= LOWEST_SCORE).all()
    assert np.allclose(table.filter(like="p_").sum(axis=1), 1)


def test_a_region_holds_only_its_own_centres(
    kidney_slide: Slide, detector, classifier, steps
) -> None:
    region = Region(0, 0, 1000, 1600)
    part = list(detect_and_classify(kidney_slide, detector, classifier, region=region))[-1].table
    whole = steps[-1].table
    assert (part["x"] < 1000).all()
    sure = whole[(whole["x"] < 800) & (whole["detection_score"] > 0.5)]
    assert len(sure) >= 3
    matched = circles.match(
        glomeruli.circles_of(part), glomeruli.circles_of(sure), part["detection_score"], 0.8
    )
    assert set(matched[matched >= 0]) == set(range(len(sure)))


def test_a_cancelled_run_ends_with_the_table_of_what_it_has(
    kidney_slide: Slide, detector, classifier
) -> None:
    last = list(detect_and_classify(kidney_slide, detector, classifier, cancelled=lambda: True))[-1]
    assert last.table is not None
    assert last.done < last.total


def test_a_run_cancelled_midway_keeps_and_names_all_that_was_found_until_then(
    kidney, detector, classifier
) -> None:
    with open_slide(kidney, mpp=2.0) as slide:  # twice the size: more than one batch of tiles
        whole = list(detect_and_classify(slide, detector, classifier))[-1]
        asked = iter([False])
        last = list(
            detect_and_classify(slide, detector, classifier, cancelled=lambda: next(asked, True))
        )[-1]
    assert 0 < last.done < last.total == whole.total
    assert whole.missed == 0 < last.missed < 1
    assert 0 < len(last.table) < len(whole.table)
    assert np.isfinite(last.table.filter(like="p_")).all(axis=None)


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("backend", [TiffBackend, OpenSlideBackend])
def test_the_result_depends_neither_on_batches_nor_on_who_reads(
    kidney, detector, classifier, monkeypatch, batch_size: int, backend
) -> None:
    tables = []
    for reader, size in ((TiffBackend, 4), (backend, batch_size)):
        monkeypatch.setattr(pipeline, "detect", partial(detect, batch_size=size))
        with Slide(kidney, reader(kidney), 2.0) as slide:
            tables.append(list(detect_and_classify(slide, detector, classifier))[-1].table)
    expected, found = tables
    sure = (expected["detection_score"] > LOWEST_SCORE + 0.01).to_numpy()
    matched = circles.match(
        glomeruli.circles_of(expected[sure]),
        glomeruli.circles_of(found),
        expected["detection_score"][sure],
        0.95,
    )
    assert sure.sum() > 10
    assert (matched >= 0).all()
    columns = ["detection_score", *classifier.scheme.columns]
    np.testing.assert_allclose(
        found[columns].to_numpy()[matched], expected[sure][columns].to_numpy(), atol=0.01
    )


def test_nothing_is_missed_on_a_slide_whose_side_is_no_multiple_of_the_masks_step(
    tmp_path, detector, classifier
) -> None:
    noise = np.random.default_rng(0).integers(-40, 40, (2055, 2055, 1))
    tissue = np.clip(np.array([170, 80, 150]) + noise, 0, 255).astype(np.uint8)
    tifffile.imwrite(tmp_path / "odd.tif", tissue, tile=(256, 256), photometric="rgb")
    with open_slide(tmp_path / "odd.tif", mpp=0.25) as slide:
        last = list(detect_and_classify(slide, detector, classifier))[-1]
        assert slide.height % slide.tissue().downsample == 7
    assert last.done == last.total > 0
    assert last.missed == 0


def test_a_slide_without_resolution_is_asked_for_it(tmp_path, detector, classifier) -> None:
    tifffile.imwrite(tmp_path / "plain.tif", np.full((600, 600, 3), 200, np.uint8), tile=(64, 64))
    with open_slide(tmp_path / "plain.tif") as slide, pytest.raises(SlideError, match="--mpp"):
        list(detect_and_classify(slide, detector, classifier))
