"""Whose tissue shaped a model: known only if it is known of all that it grew from."""

from pathlib import Path

from napari_ggs.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR, PatientsSeen, find
from napari_ggs.models.ancestry import patients_seen, unrecorded
from napari_ggs.models.composing import composite_card
from napari_ggs.training.origin import of_card, origin_of
from tests.models.cards import classifier_card, written


def test_of_the_embedded_models_all_is_known() -> None:
    for name in (DEFAULT_CLASSIFIER, DEFAULT_DETECTOR):
        assert unrecorded(find(name).card) is None


def test_published_imagenet_weights_have_seen_no_patients() -> None:
    origin = origin_of(None, "classification", "resnet50", pretrained=True)
    assert unrecorded(classifier_card("m", ("p",), parents=origin.names)) is None


def test_what_does_not_say_its_patients_is_unknown_and_so_is_all_that_grows_from_it() -> None:
    imported = classifier_card("imported", (), parents=("x.pth (SHA-256 abc)",))
    assert unrecorded(imported) == "imported"
    child = classifier_card("child", ("p",), parents=of_card(imported).names)
    assert unrecorded(child) == "imported"
    grandchild = classifier_card("grandchild", ("p", "q"), parents=of_card(child).names)
    assert unrecorded(grandchild) == "child"
    known = classifier_card("known", ("p",), parents=of_card(classifier_card("good")).names)
    assert unrecorded(known) is None


def test_of_a_composite_every_member_must_be_known(tmp_path: Path) -> None:
    good, bad = (written(tmp_path, classifier_card(n, p)) for n, p in (("a", ("p",)), ("b", ())))
    assert unrecorded(composite_card("both", "ensemble", [good.path, bad.path])) == "b"
    assert unrecorded(composite_card("both", "ensemble", [good.path, good.path])) is None


def test_whoever_taught_chose_or_calibrated_has_shaped_it() -> None:
    seen = PatientsSeen(training=("a",), selection=("b",), calibration=("c",))
    assert patients_seen(classifier_card("m", patients_seen=seen)) == {"a", "b", "c"}
