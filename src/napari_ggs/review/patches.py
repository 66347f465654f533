"""Corrected patches: what a classifier learns from, cut out of a reviewed slide.

``patient/slide/class/NNN.png``, NNN being the circle's id, and a ``manifest.csv`` of all, from
which a recipe's folder of patches is read: its columns are `COLUMNS`. What the manifest lists is
complete: a slide's rows are taken out of it before its folder is replaced, and put back after.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from PIL import Image

from napari_ggs.classification.cropping import crop_checked
from napari_ggs.errors import UserError
from napari_ggs.files import explained, make_folder, replacing, scratch_folder
from napari_ggs.glomeruli import GEOMETRY, MARGIN_UM, STAYING_OUT
from napari_ggs.review.export import Subject
from napari_ggs.slides import Slide
from napari_ggs.slides.backend import Pixels
from napari_ggs.store.pseudonyms import folder_name

Picture = Literal["png", "tif"]

MANIFEST = "manifest.csv"
LARGEST = 512
"""Most pixels of a patch's side; larger crops are averaged down to it."""

COLUMNS = ["file", "patient", "slide", "label", "assessment", *GEOMETRY, "mpp", "crop_mpp"]
COLUMNS += ["reviewer", "detector", "detector_sha256", "classifier", "classifier_sha256", "sha256"]
"""``x``, ``y``, ``radius`` in level-0 px, ``mpp`` of level 0, ``crop_mpp`` of the patch, names and
SHA-256 of the run's models, and the SHA-256 of the patch's file. ``file`` is below the folder."""

Row = dict[str, Any]


def export_patches(
    subject: Subject, slide: Slide, out: Path, picture: Picture = "png"
) -> tuple[int, int]:
    """Write the patches of the circles that people labelled, also of those that are no glomeruli.

    Each shows the circle's box and 12.5 um more on each side, in the slide's finest pixels as
    long as it has at most `LARGEST` a side. Uncertain, ungradable, duplicate and removed circles
    are left out.

    What an earlier export, of whichever reader, wrote of the slide is replaced as a whole, also
    where the slide was another patient's then; what is of other slides stays. Export with names
    and without into different folders: the same glomerulus would be there of two patients.

    Parameters
    ----------
    subject : Subject
    slide : Slide
        The pixels of ``subject.slide``.
    out : Path
        Made if it is not there.
    picture : {"png", "tif"}

    Returns
    -------
    written : int
    unread : int
        Patches that were left out, since some of their pixels could not be read.

    Raises
    ------
    UserError
        If the slide's um/px are unknown, a file of a person is in the way, or the folder cannot
        be written to.
    """
    slide.require_mpp()
    final = out / subject.folder
    others, own = _listed(make_folder(out) / MANIFEST, subject.name)
    before = {out / folder_name(patient) / subject.name for patient in own["patient"]}
    for folder in before | {final}:
        _refuse_foreign(folder)
    chosen = _labelled(subject.reading.table)
    with scratch_folder(out / subject.name) as scratch:
        rows = list(_cut(chosen, subject, slide, make_folder(scratch / "new"), picture))
        _write_manifest(others, out)
        _take_away(before | {final}, scratch)
        if rows:
            with explained(make_folder(final.parent)):
                (scratch / "new").replace(final)
    _write_manifest(pd.concat([others, pd.DataFrame(rows, columns=COLUMNS)]), out)
    return len(rows), len(chosen) - len(rows)


def _labelled(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["label"] != "") & ~table["assessment"].isin(STAYING_OUT)]


def _cut(
    table: pd.DataFrame, subject: Subject, slide: Slide, folder: Path, picture: Picture
) -> Iterator[Row]:
    """Write each patch that can be read, and say what stands of it in the manifest."""
    about = _about(subject, slide)
    for row in table.to_dict("records"):
        circle = [float(row[axis]) for axis in GEOMETRY]
        reach = circle[2] + MARGIN_UM / slide.require_mpp()
        side = max(1, min(LARGEST, round(2 * reach)))
        pixels, whole = crop_checked(slide, circle, MARGIN_UM, side)
        if whole:
            file = Path(row["label"], f"{int(row['id']):03d}.{picture}")
            digest = _write_image(pixels, folder / file)
            yield about | {
                "file": (subject.folder / file).as_posix(),
                "label": row["label"],
                "assessment": row["assessment"],
                **dict(zip(GEOMETRY, map(repr, circle), strict=True)),
                "crop_mpp": repr(2 * reach / side * slide.require_mpp()),
                "sha256": digest,
            }


def _about(subject: Subject, slide: Slide) -> Row:
    """What is the same for all patches of a slide."""
    names = {"patient": subject.patient, "slide": subject.name, "reviewer": subject.reviewer}
    about: Row = names | {"mpp": repr(slide.require_mpp())}
    for role in ("detector", "classifier"):
        model = subject.reading.run.models.get(role, {})
        about |= {role: model.get("name", ""), f"{role}_sha256": model.get("sha256", "")}
    return about


def _write_image(pixels: Pixels, path: Path) -> str:
    """Write pixels and nothing else; the SHA-256 of the file."""
    with replacing(make_folder(path.parent) / path.name) as scratch:
        Image.fromarray(pixels).save(scratch)
        return hashlib.sha256(scratch.read_bytes()).hexdigest()


def _listed(manifest: Path, slide: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a manifest says of other slides, and of this one.

    Raises
    ------
    UserError
        If it is not of our making.
    """
    if not manifest.exists():
        return pd.DataFrame(columns=COLUMNS, dtype="str"), pd.DataFrame(columns=COLUMNS)
    try:
        table = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as fault:
        raise UserError(f"{manifest} cannot be read ({fault}): choose another folder.") from fault
    if list(table.columns) != COLUMNS:
        raise UserError(
            f"{manifest} is not of such an export (it has the columns {','.join(table.columns)}) "
            "and would be overwritten: choose another folder."
        )
    return table[table["slide"] != slide], table[table["slide"] == slide]


def _refuse_foreign(folder: Path) -> None:
    """See that nothing but patches goes with a folder that is replaced."""
    for file in folder.rglob("*"):
        place = file.relative_to(folder)
        patch = len(place.parts) == 2 and re.fullmatch(r"\d{3,}\.(png|tif)", file.name)
        if file.is_file() and not patch:
            raise UserError(
                f"{file} is no patch of such an export and would be removed with the old ones: "
                "move it away, or choose another folder."
            )


def _take_away(folders: Iterable[Path], scratch: Path) -> None:
    """Move folders that are there into the temporary one, with which they go."""
    for number, folder in enumerate(sorted(folders)):
        with explained(folder):
            if folder.exists():
                folder.replace(scratch / f"old-{number}")


def _write_manifest(table: pd.DataFrame, out: Path) -> None:
    with replacing(out / MANIFEST) as scratch:
        table.sort_values("file").to_csv(scratch, index=False)
