"""Mining lays likely false circles out for review, and keeps what was said before."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from napari_ggs.batch import Settings
from napari_ggs.classification import Classifier, build_network
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import CIRCLEMIX, GGS, NON_GLOMERULUS
from napari_ggs.mining import LIKELY_FALSE, Mined, likely_false, mine_slide, require_filter
from napari_ggs.models import (
    DEFAULT_CLASSIFIER,
    DEFAULT_DETECTOR,
    LoadedClassifier,
    find,
    load_detector,
)
from napari_ggs.review import Labelled
from napari_ggs.slides import Slide
from napari_ggs.store import CaseStore
from napari_ggs.training.study_circles import HUMAN, places
from tests.training.study import did, rows


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CaseStore]:
    with CaseStore.open(tmp_path / "study.ggs") as made:
        yield made


@pytest.fixture
def settings() -> Settings:
    """The detector that comes along, and a classifier that takes everything for no glomerulus."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build_network("test_efficientnet", len(GGS.classes)).eval()
    with torch.no_grad():
        bias = network.get_parameter("classifier.bias")
        bias[-1] += 20
    classifier = Classifier(network, GGS, 12.5, 64, (0.5,) * 3, (0.5,) * 3)
    return Settings(
        load_detector(DEFAULT_DETECTOR, "cpu"),
        LoadedClassifier(classifier, find(DEFAULT_CLASSIFIER).card),
        Thresholds(0.05, 0.5),
    )


def mined(slide: Slide, settings: Settings, store: CaseStore) -> Mined:
    *_, last = mine_slide(slide, settings, store)
    assert isinstance(last, Mined)
    return last


def test_a_mined_slide_is_a_run_to_review(
    kidney_slide: Slide, settings: Settings, store: CaseStore
) -> None:
    found = mined(kidney_slide, settings, store)
    assert found.complete
    assert found.circles == found.likely_false > 0
    run, table = store.run(found.run), store.table(found.run)
    assert run.finished
    assert run.thresholds == settings.thresholds
    assert run.models["detector"]["name"] == DEFAULT_DETECTOR
    assert sorted(run.info[LIKELY_FALSE]) == sorted(
        table.index[table["detection_score"] >= 0.05].tolist()
    )
    assert set(table["predicted"]) == {NON_GLOMERULUS}
    assert store.slides()[0].name == kidney_slide.name


def test_what_was_said_before_is_carried_over_and_teaches_once(
    kidney_slide: Slide, settings: Settings, store: CaseStore
) -> None:
    first = mined(kidney_slide, settings, store)
    chosen = tuple(store.run(first.run).info[LIKELY_FALSE][:2])
    did(store, first.run, Labelled(chosen, NON_GLOMERULUS))
    second = mined(kidney_slide, settings, store)
    assert store.readers(second.run) == ["ann"]
    found = places(store, store.slides()[0])
    human = found[found["standing"] == HUMAN]
    assert human["label"].tolist() == [NON_GLOMERULUS] * 2
    assert set(human["run"]) == {2}
    assert store.verify() == []


def test_the_surest_come_first_and_what_is_named_does_not() -> None:
    table = rows(5).assign(
        predicted=[NON_GLOMERULUS] * 4 + ["normal"],
        detection_score=[0.2, 0.9, 0.01, 0.5, 0.8],
        label=["", "", "", "normal", ""],
    )
    assert likely_false(table, Thresholds(0.05, 0.5)) == [1, 0]


def test_a_classifier_that_cannot_reject_cannot_mine() -> None:
    with pytest.raises(UserError, match="no class for what is no glomerulus"):
        require_filter(CIRCLEMIX)
