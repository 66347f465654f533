"""Before a training begins it is said what it lacks, and what is thin about what it has."""

from pathlib import Path

import pandas as pd
import pytest

from napari_ggs.review import Labelled
from napari_ggs.store import CaseStore
from napari_ggs.store.patient_keys import patient_key
from napari_ggs.training.at_hand import look
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.readiness import Teaching, cautions, lacking
from napari_ggs.training.recipe import load_recipe, recipe_path
from tests.training.drawings import KINDS
from tests.training.study import add_run, add_slide, did, write_slide, write_study

CLASSIFIER = load_recipe(recipe_path("retrain_classifier"), ClassifierRecipe)
DETECTOR = load_recipe(recipe_path("retrain_detector"), DetectorRecipe)


def labelled(**patients: str) -> Teaching:
    """Patients with a label of each of some classes."""
    rows = [(name, label) for name, labels in patients.items() for label in labels.split(",")]
    return Teaching(pd.DataFrame(rows, columns=["patient", "class"]).assign(human=1))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (labelled(), "Nothing to learn from"),
        (labelled(Kim="normal", Lee="normal"), "All labels are normal"),
        (labelled(Kim="normal,obsolescent"), "All labels are of one patient"),
        (labelled(Kim="normal", Lee="obsolescent")._replace(taught={"Kim", "Lee"}), "Every"),
        (labelled(Kim="normal", Lee="obsolescent")._replace(taught={"Kim"}), ""),
    ],
)
def test_what_a_classifier_lacks(data: Teaching, words: str) -> None:
    assert lacking(CLASSIFIER, data).startswith(words)
    assert bool(lacking(CLASSIFIER, data)) == bool(words)


def test_classes_that_nothing_shows_are_lacking_where_there_are_no_phantoms() -> None:
    data = labelled(Kim="normal", Lee="obsolescent")
    alone = CLASSIFIER.model_copy(update={"data": CLASSIFIER.data[:1]})
    assert lacking(alone, data).startswith("No label is solidified or disappearing or non-")


def test_too_little_is_said_before() -> None:
    data = labelled(Kim=",".join(KINDS[:3]), Lee="normal")
    few, unseen, alone = cautions(CLASSIFIER, data)
    assert few.startswith("Few patients: 1 teaches and 1 chooses the model")
    assert unseen.startswith("No label is disappearing or non-glomerulus: only phantoms teach it")
    assert alone.startswith("Of one patient alone: obsolescent, solidified.")
    many = labelled(**dict.fromkeys("abcdef", ",".join(KINDS)))
    assert cautions(CLASSIFIER, many) == []


def test_a_detector_lacks_slides_that_are_gone_through(tmp_path: Path) -> None:
    study = write_study(tmp_path, ("Kim",))
    with CaseStore.open(study) as store:
        for name, judged in (("Lee", 8), ("Roe", 9)):
            write_slide(tmp_path / f"{name}.tif", ["normal"] * 10, seed=judged)
            run = add_run(store, add_slide(store, tmp_path / f"{name}.tif", name), 10)
            did(store, run, Labelled(tuple(range(judged)), "normal"))
    found = look(study)
    assert found.teaching.judged == {"Kim": 1.0, "Lee": pytest.approx(0.8), "Roe": 0.9}
    assert found.teaching.teachers == {"Kim", "Roe"}
    assert lacking(DETECTOR, found.without(())) == ""
    assert lacking(DETECTOR, found.without(("Kim",))).startswith("Only Roe has a slide that")
    few = lacking(DETECTOR, found.without(("Kim", "Roe")))
    assert few.startswith("No slide teaches a detector yet: 90 %")
    assert "80 % are at most" in few


def test_patients_who_taught_the_start_are_known_by_their_keys(tmp_path: Path) -> None:
    study = write_study(tmp_path, ("Kim", "Lee"))
    with CaseStore.open(study) as store:
        keys = [patient_key(store, name) for name in ("Kim", "Lee")]
    assert look(study).teaching.taught == set()
    assert look(study, taught=keys[:1]).teaching.taught == {"Kim"}
    assert lacking(CLASSIFIER, look(study, taught=keys).without(())).startswith("Every patient")
