"""Classifying ready-made crops of one glomerulus each: what ``napari-ggs classify`` does."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from napari_ggs import console
from napari_ggs.classification import AnyClassifier
from napari_ggs.classification.classifier import Patches, Probabilities
from napari_ggs.classification.reading import read_crop
from napari_ggs.devices import DeviceName
from napari_ggs.errors import UserError
from napari_ggs.files import make_folder, replacing
from napari_ggs.glomeruli import predict
from napari_ggs.models import in_use, load_classifier
from napari_ggs.studies.crop_figures import write_figures
from napari_ggs.studies.crops import image_files, sorting

BATCH = 16
READERS = 2


def assess_crops(
    folder: Path, out: Path, classifier: str | None = None, device: DeviceName = "auto"
) -> int:
    """Classify every image below a folder and write a table; figures too, if classes are known.

    Where folders are named after classes, figures are printed and written beside the table, with
    the ending .json, and pictures in a folder ending in .figures (see `write_figures`).

    Parameters
    ----------
    folder : Path
    out : Path
        CSV: ``file`` (path below `folder`), the ``p_`` columns, ``predicted``.
    classifier : str, optional
        A model's name or file; the one in use by default.
    device : {"auto", "cpu", "cuda"}
        Where it computes.

    Returns
    -------
    int
        0, or 2 if some images could not be read, or lie in no class folder where others do.

    Raises
    ------
    UserError
        If there are no images, none can be read, or `out` does not end with .csv.
    """
    if out.suffix.lower() != ".csv":
        raise UserError(f"The table is a CSV file: {out} must end with .csv.")
    model = load_classifier(classifier or in_use("classification"), device)
    files = image_files(folder)
    make_folder(out.absolute().parent)
    labelled = any(sorting([file.relative_to(folder).as_posix() for file in files]).labels)
    table = classify_files(folder, files, model.classifier, model.card.t_glom, turned=labelled)
    if table.empty:
        raise UserError(f"None of the {len(files)} images in {folder} can be read.")
    with replacing(out) as scratch:
        table.drop(columns="turned", errors="ignore").to_csv(scratch, index=False)
    console.line(f"{out}: {len(table)} images")
    known = sorting(table["file"].tolist())
    if any(known.labels):
        write_figures(table, known, model.card, out.with_suffix(".json"))
    return 0 if len(table) == len(files) and len(set(map(bool, known.labels))) == 1 else 2


def classify_files(
    folder: Path,
    files: Sequence[Path],
    classifier: AnyClassifier,
    t_glom: float,
    *,
    turned: bool = False,
) -> pd.DataFrame:
    """Classify images of any size, each as one crop.

    An image that cannot be read gets a line on standard error and no row.

    Returns
    -------
    DataFrame
        ``file``, ``p_...``, ``predicted``; if `turned`, also ``turned``: what is predicted of the
        image turned by 90 degrees.
    """
    names: list[str] = []
    nothing = np.empty((0, len(classifier.scheme.classes)))
    views: list[list[Probabilities]] = [[nothing] for _ in range(1 + turned)]
    with console.progress(folder.name) as advance:
        for done, batch in _read(files, classifier.input_px):
            names += [path.relative_to(folder).as_posix() for path in batch]
            images = _stacked(batch, classifier.input_px)
            for quarter, parts in enumerate(views):
                parts.append(classifier.classify(np.rot90(images, quarter, axes=(1, 2))))
            advance(done / len(files))
    p, *others = (np.concatenate(parts) for parts in views)
    table = pd.DataFrame(p, columns=list(classifier.scheme.columns))
    table.insert(0, "file", names)
    answers = [predict(each, classifier.scheme, t_glom) for each in (p, *others)]
    return table.assign(**dict(zip(("predicted", "turned"), answers, strict=False)))


def _read(files: Sequence[Path], side: int) -> Iterator[tuple[int, dict[Path, Patches]]]:
    """Batches of readable images, read one batch ahead; how many files are done with each."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="crops") as pool:
        ahead: dict[Path, Future[Patches]] = {}
        for at in range(0, len(files) + BATCH, BATCH):
            due, batch = ahead, files[at : at + BATCH]
            ahead = {path: pool.submit(read_crop, path, side) for path in batch}
            if due:
                yield min(at, len(files)), _readable(due)


def _readable(batch: dict[Path, Future[Patches]]) -> dict[Path, Patches]:
    images = {}
    for path, future in batch.items():
        try:
            images[path] = future.result()
        except UserError as fault:
            console.error(str(fault))
    return images


def _stacked(images: dict[Path, Patches], side: int) -> Patches:
    return np.array(list(images.values()), dtype=np.uint8).reshape(-1, side, side, 3)
