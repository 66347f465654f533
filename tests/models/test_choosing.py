"""Which model is in use: the better one, or one that somebody had a reason for; and back again."""

import shutil
from pathlib import Path

import pytest

from napari_ggs.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR, ModelError, find, in_use
from napari_ggs.models.choosing import choose, go_back, history, note_verdict
from napari_ggs.models.composing import composite_card
from napari_ggs.models.parts import digest
from tests.models.cards import classifier_card, detector_card, written

TASK = "classification"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NAPARI_GGS_MODELS", str(tmp_path / "home"))
    return tmp_path / "home"


def test_before_any_choice_the_embedded_models_are_in_use(home: Path) -> None:
    assert (in_use(TASK), in_use("detection")) == (DEFAULT_CLASSIFIER, DEFAULT_DETECTOR)
    assert [choice.told for choice in history(TASK)] == ["comes with napari-ggs"]
    assert not home.exists()


def test_a_model_is_taken_only_if_it_was_found_better(tmp_path: Path) -> None:
    old, new = find(DEFAULT_CLASSIFIER), written(tmp_path, classifier_card("new"))
    for verdict in ("", "not distinguishable", "worse"):
        if verdict:
            note_verdict(old, new, verdict, 0.5, tmp_path / "s.ggs", "ann")
        with pytest.raises(ModelError, match="No comparison has found new better than ggs-lite0"):
            choose(new, "ann")
    note_verdict(new, old, "better", 0.01, tmp_path / "s.ggs", "ann")
    with pytest.raises(ModelError, match="No comparison"):
        choose(new, "ann")
    note_verdict(old, new, "better", 0.01, tmp_path / "s.ggs", "ann")
    assert choose(new, "ann").why == "better"
    assert find(in_use(TASK)).card == new.card
    assert in_use("detection") == DEFAULT_DETECTOR
    with pytest.raises(ModelError, match="in use for classification already"):
        choose(new, "ann", "because")


def test_an_override_is_kept_with_its_reason_and_a_blank_one_is_none(tmp_path: Path) -> None:
    new = written(tmp_path, detector_card("new"))
    with pytest.raises(ModelError, match="No comparison"):
        choose(new, "ann", "  ")
    choose(new, "ann", "our stain")
    choice = history("detection")[-1]
    assert (choice.why, choice.reason, choice.who) == ("override", "our stain", "ann")
    assert "our stain" in choice.told


def test_one_goes_back_to_any_earlier_model_though_its_file_is_gone(tmp_path: Path) -> None:
    models = [written(tmp_path, classifier_card(name)) for name in ("a", "b", "c")]
    for model in models:
        choose(model, "ann", "to try")
        model.path.unlink()
    assert go_back(TASK, "ben").name == "b"
    assert find(in_use(TASK)).card.name == "b"
    assert go_back(TASK, "ben", to=0).path == DEFAULT_CLASSIFIER == in_use(TASK)
    names = [choice.name for choice in history(TASK)]
    assert names == [DEFAULT_CLASSIFIER, "a", "b", "c", "b", DEFAULT_CLASSIFIER]
    assert find(go_back(TASK, "ben", to=1).path).card.name == "a"


def test_going_back_again_goes_further_back(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        choose(written(tmp_path, classifier_card(name)), "ann", "to try")
    assert [go_back(TASK, "ben").name for _ in range(3)] == ["b", "a", DEFAULT_CLASSIFIER]
    with pytest.raises(ModelError, match="no earlier model"):
        go_back(TASK, "ben")
    choose(written(tmp_path, classifier_card("d")), "ann", "to try")
    assert go_back(TASK, "ben").name == DEFAULT_CLASSIFIER


@pytest.mark.parametrize("to", [None, 0, 7, -1])
def test_there_is_nothing_before_the_first(to: int | None) -> None:
    with pytest.raises(ModelError, match="no earlier model"):
        go_back(TASK, "ann", to)


def test_a_chosen_model_that_was_changed_or_lost_is_told(tmp_path: Path) -> None:
    choose(written(tmp_path, classifier_card("a")), "ann", "to try")
    kept = Path(in_use(TASK)).parent
    written(kept, classifier_card("a", sha256="0" * 64))
    with pytest.raises(ModelError, match=r"not as it was chosen any more.*models back"):
        in_use(TASK)
    shutil.rmtree(kept)
    with pytest.raises(ModelError, match=r"not as it was chosen any more.*models back"):
        in_use(TASK)
    assert go_back(TASK, "ann").name == in_use(TASK) == DEFAULT_CLASSIFIER


def test_a_composite_is_kept_with_its_members(tmp_path: Path) -> None:
    files = [written(tmp_path, classifier_card(name)).path for name in ("a", "b")]
    card = composite_card("both", "ensemble", files)
    card = card.model_copy(update={"sha256": digest("ensemble", card.members)})
    (tmp_path / "both.json").write_text(card.model_dump_json())
    choose(find(tmp_path / "both.json"), "ann", "to try")
    names = {file.name for file in Path(in_use(TASK)).parent.iterdir()}
    assert names == {"both.json", "a.json", "a.safetensors", "b.json", "b.safetensors"}


def test_a_child_of_a_hierarchy_cannot_be_in_use(tmp_path: Path) -> None:
    child = classifier_card("child", classes=("solidified", "disappearing"))
    with pytest.raises(ModelError, match="child of a hierarchy"):
        choose(written(tmp_path, child), "ann", "to try")


@pytest.mark.parametrize("text", ["{", '{"choice": {"surprise": 1}}', "3"])
def test_a_damaged_list_is_told(home: Path, text: str) -> None:
    home.mkdir()
    (home / "decisions.jsonl").write_text(text + "\n")
    with pytest.raises(ModelError, match=r"cannot be read .*decisions\.jsonl"):
        in_use(TASK)
