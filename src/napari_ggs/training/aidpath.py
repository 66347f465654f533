"""The AIDPATH fields: their pixels, and the circles in ``labels/aidpath.toml``."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from napari_ggs.circles import Array, as_circles
from napari_ggs.slides import open_slide
from napari_ggs.training.augment import Images

LABELS = Path(__file__).parent / "labels" / "aidpath.toml"


class LabelledField(NamedTuple):
    """A piece of real tissue whose glomeruli are known.

    Attributes
    ----------
    name : str
    patient : str
        The field's own name, since nobody knows the patient.
    image : ndarray of uint8, shape (h, w, 3)
    mpp : float
    glomeruli : ndarray, shape (n, 3)
        x, y, radius in px.
    labels : list of str
        Their classes.
    others : ndarray, shape (m, 3)
        Places that look a little like a glomerulus.
    unsure : ndarray, shape (k, 3)
        Neither a glomerulus nor surely none.
    """

    name: str
    patient: str
    image: Images
    mpp: float
    glomeruli: Array
    labels: list[str]
    others: Array
    unsure: Array


def labelled_fields(folder: Path) -> list[LabelledField]:
    """All labelled fields of a copy of the data set."""
    listed = tomllib.loads(LABELS.read_text(encoding="utf-8"))
    return [_field(folder, entry, listed["mpp"]) for entry in listed["field"]]


def content_sha256(folder: Path) -> str:
    """SHA-256 of what is learnt from: of a line ``sha256  name`` for each file, sorted by name.

    The files of the fields' pixels, and ``labels/aidpath.toml`` with their circles. The data
    set's own masks and lists are not read.
    """
    listed = tomllib.loads(LABELS.read_text(encoding="utf-8"))
    files = {name: folder / name for field in listed["field"] for name in field["files"]}
    files["labels/aidpath.toml"] = LABELS
    digests = {name: hashlib.sha256(file.read_bytes()) for name, file in files.items()}
    lines = [f"{digests[name].hexdigest()}  {name}\n" for name in sorted(digests)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def field_image(folder: Path, field: dict[str, Any]) -> Images:
    """The pixels of a labelled field, joined from its files."""
    parts = [_pixels(folder / file) for file in field["files"]]
    return np.concatenate(parts, axis=1 if field.get("join") == "across" else 0)


def _field(folder: Path, entry: dict[str, Any], mpp: float) -> LabelledField:
    glomeruli, others, unsure = (
        as_circles([[circle["x"], circle["y"], circle["radius"]] for circle in entry[key]])
        for key in ("glomeruli", "others", "unsure")
    )
    labels = [circle["label"] for circle in entry["glomeruli"]]
    image = field_image(folder, entry)
    return LabelledField(
        entry["name"], entry["name"], image, mpp, glomeruli, labels, others, unsure
    )


def _pixels(path: Path) -> Images:
    if path.suffix == ".png":
        return np.asarray(Image.open(path).convert("RGB"))
    with open_slide(path) as slide:
        return slide.read(0, 0, slide.width, slide.height)
