"""The AIDPATH data on a card: what of it was learnt from, by its content."""

import hashlib
from pathlib import Path

import pytest

from napari_ggs.training import aidpath
from napari_ggs.training.aidpath import content_sha256
from napari_ggs.training.detection_data import AidpathFields
from napari_ggs.training.detection_sources import described as described_fields
from napari_ggs.training.sources import Aidpath, described

LABELS = """
[[field]]
name = "b"
files = ["tiles/2.png", "tiles/1.png"]
[[field]]
name = "a"
files = ["regions/a.tif"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up data set whose files hold their own names, and its labels."""
    for name in ("regions/a.tif", "tiles/1.png", "tiles/2.png", "tiles/unused.png"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.setattr(aidpath, "LABELS", tmp_path / "aidpath.toml")
    aidpath.LABELS.write_text(LABELS)
    return tmp_path / "data"


def test_the_digest_is_that_of_the_sorted_list_of_sha256sum(folder: Path) -> None:
    texts = {"labels/aidpath.toml": LABELS}
    texts |= {name: name for name in ("regions/a.tif", "tiles/1.png", "tiles/2.png")}
    lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}" for name, text in texts.items()]
    expected = hashlib.sha256("\n".join([*lines, ""]).encode()).hexdigest()
    assert content_sha256(folder) == expected


@pytest.mark.parametrize("changed", ["regions/a.tif", "tiles/1.png", "../aidpath.toml"])
def test_it_changes_with_each_file_that_is_learnt_from(folder: Path, changed: str) -> None:
    before = content_sha256(folder)
    with (folder / changed).open("a") as file:
        file.write("# more")
    assert content_sha256(folder) != before


def test_files_that_nothing_is_learnt_from_do_not_count(folder: Path) -> None:
    before = content_sha256(folder)
    (folder / "tiles" / "unused.png").write_text("other")
    (folder / "masks.png").write_text("more")
    assert content_sha256(folder) == before


def test_cards_of_classifiers_and_detectors_carry_it(folder: Path) -> None:
    named = described(Aidpath(kind="aidpath", folder=folder))
    assert named.sha256 == content_sha256(folder)
    assert named == described_fields(AidpathFields(kind="aidpath", folder=folder))
