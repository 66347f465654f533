"""What is the same work, and what is other work."""

from dataclasses import replace

import pytest

from napari_ggs.cohort.work import Bundle, Work, choose_work
from napari_ggs.glomeruli import Thresholds
from napari_ggs.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR, ModelError, find


def test_all_that_changes_the_table_changes_the_key(work: Work) -> None:
    others = [
        replace(work, detector=work.detector._replace(sha256="0" * 64)),
        replace(work, classifier=work.classifier._replace(sha256="0" * 64)),
        replace(work, thresholds=Thresholds(0.4, work.thresholds.glomerulus)),
        replace(work, thresholds=Thresholds(work.thresholds.detection, 0.9)),
    ]
    keys = {work.key(), work.key(0.25), work.key(0.5), *(other.key() for other in others)}
    assert len(keys) == 7


def test_names_and_devices_do_not(work: Work) -> None:
    renamed = work.detector._replace(name="other", file="other.safetensors")
    assert replace(work, detector=renamed, device="cuda").key() == work.key()


def test_models_go_with_their_cards(chosen: tuple[Work, Bundle]) -> None:
    work, bundle = chosen
    assert work.detector.sha256 == find(DEFAULT_DETECTOR).card.sha256
    assert bundle.key == work.models_key
    assert set(bundle.files) == {
        f"{role}/{name}{ending}"
        for role, name in (("detector", DEFAULT_DETECTOR), ("classifier", DEFAULT_CLASSIFIER))
        for ending in (".json", ".safetensors")
    }


def test_a_model_that_is_not_there_is_told_before_anything_is_begun() -> None:
    with pytest.raises(ModelError, match="There is no model 'nobody'"):
        choose_work(detector="nobody")
