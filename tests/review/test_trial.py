"""Comparing two models on a study: on whom, with what verdict, and at what price."""

import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from napari_ggs.errors import UserError
from napari_ggs.evaluation.gate import Judgement
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.models import Found, PatientsSeen
from napari_ggs.models.choosing import choose
from napari_ggs.review import Assessed, Labelled, Removed, Settled
from napari_ggs.review import held_out as reasons
from napari_ggs.review.audit import draw_audit
from napari_ggs.review.held_out import HeldOut, held_out
from napari_ggs.review.trial import Trial, prepare, told_apart
from napari_ggs.review.verdict import figures_table, sentences, write_judgement
from napari_ggs.review.work import CancelledError, Work
from napari_ggs.slides import SlideError
from napari_ggs.store import CaseStore
from napari_ggs.store.patient_keys import patient_key, slide_key
from napari_ggs.store.pseudonyms import Names
from tests.models.cards import classifier_card
from tests.review.test_kept_session import opened
from tests.review.trials import SQUARES, Painted, paint_models

SEVEN = tuple("abcdefg")


@pytest.fixture
def painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Painted]:
    monkeypatch.setenv("NAPARI_GGS_MODELS", str(tmp_path / "home"))
    paint_models(monkeypatch)
    study = Painted(tmp_path)
    yield study
    study.store.close()


@pytest.fixture(scope="module")
def study_of_seven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = Painted(tmp_path_factory.mktemp("seven"))
    study.reviewed(SEVEN)
    study.store.close()
    return study.store.path


@pytest.fixture
def seven(study_of_seven: Path, painted: Painted) -> Painted:
    """Seven patients who are reviewed in full."""
    painted.store.close()
    shutil.copy(study_of_seven, painted.store.path)
    painted.store = CaseStore.open(painted.store.path)
    return painted


def found_out(painted: Painted, *seen: str, scheme: object = GGS) -> HeldOut:
    return held_out(painted.store, [classifier_card("m", seen or ("x",))], scheme)  # type: ignore[arg-type]


def test_a_patient_reviewed_in_full_takes_part_and_others_say_why_not(painted: Painted) -> None:
    painted.reviewed("ab")
    painted.review(painted.add("c"), range(SQUARES - 1))
    painted.add("d")
    both = painted.add("e")
    painted.review(both)
    opened(painted.store, both, "ben").apply(Labelled((0,), "solidified"))
    done = painted.add("f")
    opened(painted.store, done).apply(Assessed(tuple(range(SQUARES)), "uncertain"))
    found = found_out(painted, "b")
    assert [*found.patients] == ["a"]
    assert found.excluded == {
        "m learnt from them or was tuned on them": ["b"],
        reasons.UNREVIEWED: ["c", "d"],
        reasons.DISPUTED: ["e"],
        reasons.EMPTY: ["f"],
    }
    assert "2 left out: neither reviewed in full" in found.why_not()


def test_what_was_put_aside_is_reviewed_and_not_compared(painted: Painted) -> None:
    session = painted.review(painted.add("a"), range(SQUARES - 2))
    session.apply(Assessed((SQUARES - 2,), "ungradable"))
    session.apply(Removed((SQUARES - 1,)))
    [one] = found_out(painted).slides
    assert one.circles.index.tolist() == [*range(SQUARES - 2)]
    assert one.aside.index.tolist() == [SQUARES - 2]
    assert not one.audited


def test_all_slides_of_a_patient_must_be_reviewed(painted: Painted) -> None:
    painted.reviewed("a")
    second = painted.add("a", 1)
    assert found_out(painted).excluded == {reasons.UNREVIEWED: ["a"]}
    painted.review(second)
    assert len(found_out(painted).patients["a"]) == 2


def test_a_settled_dispute_counts_as_it_was_settled(painted: Painted) -> None:
    run = painted.add("a")
    session = painted.review(run)
    opened(painted.store, run, "ben").apply(Labelled((0,), "solidified"))
    session = opened(painted.store, run)
    session.apply(Settled((0,), "obsolescent"))
    [one] = found_out(painted).slides
    assert one.circles.loc[0, "label"] == "obsolescent"


def test_of_an_audit_only_its_circles_take_part(painted: Painted) -> None:
    run = painted.add("a")
    session = opened(painted.store, run)
    audit = draw_audit(session.table, GGS, session.thresholds, "f" * 32, size=4)
    painted.store.set_audit(run, painted.store.begin_session("ann"), audit.to_dict())
    chosen = [int(str(handle)) for handle in audit.handles]
    painted.review(run, chosen[:3])
    assert found_out(painted).excluded == {reasons.UNREVIEWED: ["a"]}
    other = next(handle for handle in range(SQUARES) if handle not in chosen)
    painted.review(run, [chosen[3], other])
    [one] = found_out(painted).slides
    assert sorted(one.circles.index) == sorted(chosen)
    assert one.audited
    assert found_out(painted, scheme=None).excluded == {reasons.AUDITED: ["a"]}


def test_detectors_need_whole_slides_with_a_glomerulus(painted: Painted) -> None:
    painted.reviewed("ab")
    opened(painted.store, 2).apply(Labelled(tuple(range(SQUARES)), "non-glomerulus"))
    slide = painted.store.slides()[0]
    run = painted.store.begin_run(slide.id, GGS, {}, Thresholds())
    painted.store.add_circles(run, painted.rows())
    assert found_out(painted, scheme=None).excluded == {reasons.NO_GLOMERULUS: ["b"]}, "cut off"
    painted.store.finish_run(run, painted.rows(), {"complete": False})
    painted.review(run)
    found = found_out(painted, scheme=None)
    assert found.excluded == {reasons.PARTIAL: ["a"], reasons.NO_GLOMERULUS: ["b"]}
    assert [*found_out(painted).patients] == ["a", "b"]


def test_a_patient_whom_a_model_knows_by_any_name_is_left_out(painted: Painted) -> None:
    painted.reviewed(["Smith, John"])
    store = painted.store
    names = (
        patient_key(store, "Smith, John"),
        slide_key(store.slides()[0].fingerprint),
        "Smith, John",
        Names.of(store.path).patient("Smith, John"),
    )
    for name, part in product(names, ("training", "selection", "calibration")):
        seen = PatientsSeen.model_validate({"training": ("x",), part: (name, "x")})
        card = classifier_card("m", patients_seen=seen)
        assert not held_out(store, [card], GGS).patients


def test_models_of_one_name_are_two_models(seven: Painted) -> None:
    cards = [classifier_card("m", (who,), sha256=who * 64) for who in "ab"]
    found = held_out(seven.store, cards, GGS)
    assert [*found.patients] == [*SEVEN[2:]]
    assert told_apart(*cards) == ("m (aaaaaaaa)", "m (bbbbbbbb)")


def test_the_better_classifier_is_found_and_may_then_be_used(seven: Painted) -> None:
    old, new = seven.classifier("poor"), seven.classifier("good")
    found = prepare(seven.store, old, new).run("ann")
    assert (found.verdict, found.patients, found.p_better) == ("better", 7, 2**-7)
    assert seven.store.verify() == []
    choose(old, "ann", "to begin with")
    assert choose(new, "ann").why == "better"


def test_asking_again_gives_the_same_and_spends_nothing(seven: Painted) -> None:
    old, new = seven.classifier("poor"), seven.classifier("good")
    first = prepare(seven.store, old, new).run("ann")
    again = prepare(seven.store, old, new).run("ben")
    mirrored = prepare(seven.store, new, old).run("ben")
    assert again.to_dict() == first.to_dict()
    assert (mirrored.verdict, mirrored.p_better) == ("worse", first.p_worse)
    assert len(seven.store.comparisons("classification")) == 1


def test_each_further_model_is_judged_more_strictly(seven: Painted) -> None:
    old = seven.classifier("poor")
    found = [prepare(seven.store, old, seven.classifier(f"good-{n}")).run("ann") for n in range(3)]
    assert [one.uses for one in found] == [1, 2, 3]
    assert [one.verdict for one in found] == ["better"] * 3
    with pytest.raises(UserError, match="7, and at least 8 are needed for use 4 of them: review 1"):
        prepare(seven.store, old, seven.classifier("good-4")).run("ann")
    assert len(seven.store.comparisons("classification")) == 3


def test_another_label_is_another_set_and_its_patients_are_used_again(seven: Painted) -> None:
    old, new = seven.classifier("poor"), seven.classifier("good")
    prepare(seven.store, old, new).run("ann")
    opened(seven.store, 1).apply(Labelled((0,), "solidified"))
    assert prepare(seven.store, old, new).run("ann").uses == 2


def trial_of(painted: Painted, old: Found, new: Found) -> Trial:
    return prepare(painted.store, old, new)


def test_what_does_not_compare_is_refused_and_nothing_spent(painted: Painted) -> None:
    painted.reviewed("abcde")
    old, new = painted.classifier("poor"), painted.classifier("good")
    unknown = painted.classifier("imported", ())
    grown = painted.classifier("grown", ("x",), parents=("imported (patients not recorded)",))
    knowing = painted.classifier("knowing", tuple("abcde"))
    binary = painted.classifier("binary", classes=("non-sclerotic", "sclerotic"))
    for pair, complaint in (
        ((old, old), "are the same model"),
        ((old, painted.detector("good-d")), "same task"),
        ((old, binary), "same classes"),
        ((old, unknown), "No verdict on imported: its card does not say on which patients it"),
        ((grown, new), "No verdict on grown: .* imported, which it is made of or from, learnt"),
        ((old, knowing), r"No patient .* \(5 left out: knowing learnt from them"),
    ):
        with pytest.raises(UserError, match=complaint):
            prepare(painted.store, *pair)
    with pytest.raises(UserError, match=r"Too few patients .* 5, and at least 6 .* review 1 more"):
        prepare(painted.store, old, new).run("ann")
    assert painted.store.comparisons("classification") == []


def test_a_lost_slide_or_a_cancelled_comparison_spends_nothing(painted: Painted) -> None:
    painted.reviewed(SEVEN)
    trial = trial_of(painted, painted.classifier("poor"), painted.classifier("good"))
    with pytest.raises(CancelledError):
        trial.run("ann", work=Work(cancelled=lambda: True))
    (painted.folder / "a-0.tif").rename(painted.folder / "elsewhere.tif")
    with pytest.raises(SlideError, match=r"a-0\.tif"):
        trial.run("ann")
    assert painted.store.comparisons("classification") == []
    done: list[float] = []
    assert trial.run("ann", work=Work((painted.folder,), done.append)).patients == 7
    assert done[-1] == 1


def test_the_better_detector_is_found(seven: Painted) -> None:
    trial = trial_of(seven, seven.detector("poor"), seven.detector("good"))
    found = trial.run("ann")
    figures = {one.name: one for one in found.figures}
    assert figures["recall"].new.value == 1
    assert figures["recall"].old.value < 0.7
    assert {"recall normal", "recall solidified", "precision"} <= {*figures}
    assert "recall non-glomerulus" not in figures
    assert found.verdict == "better"


def test_a_judgement_is_told_in_words_and_written(seven: Painted, tmp_path: Path) -> None:
    pair = (seven.classifier("poor"), seven.classifier("good"))
    found: Judgement = prepare(seven.store, *pair).run("ann")
    text = " ".join(sentences(found, "poor", "good"))
    assert text.startswith("good is better than poor. Quadratic score by patient: +0.")
    assert "p = 0.007812 one-sided" in text
    assert (
        "Better by the interval in: quadratic score of all circles, balanced accuracy, macro F1"
        in text
    )
    assert "calibration error" in text.split("Better by")[1]
    text = " ".join(sentences(found.mirrored(), "good", "poor"))
    assert text.startswith("poor is worse than good.")
    table, whole = write_judgement(found, {"study": "s"}, tmp_path / "out")
    assert pd.read_csv(table)["figure"].tolist() == figures_table(found)["figure"].tolist()
    assert '"verdict": "better"' in whole.read_text()
