"""Slides of a detection study: biopsies, nephrectomies to curate, and others to test on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_ggs.circles import Array
from napari_ggs.errors import UserError
from napari_ggs.exchange import read_circles
from napari_ggs.exchange.circle_table import truth, whole
from napari_ggs.glomeruli import circles_of
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.phantom import PhantomSlide, write_slide, write_truth
from napari_ggs.slides import Slide, open_slide

PARTS = {"biopsy": "needle", "nephrectomy": "wedge", "test": "wedge"}
"""Parts of a study and the outline of their phantoms."""

FIRST_SEED = 50_000
COLUMNS = ["slide", "circles", "patient", "part"]


@dataclass(frozen=True)
class Labelled:
    """A slide, the file of its true circles, its patient, and the part of the study it is in."""

    slide: Path
    circles: Path
    patient: str
    part: str


def phantoms(folder: Path, numbers: dict[str, int], side_um: float, mpp: float) -> list[Labelled]:
    """Write phantom slides with their truth; those that are there stay."""
    return list(_written(folder, numbers, side_um, mpp))


def _written(
    folder: Path, numbers: dict[str, int], side_um: float, mpp: float
) -> Iterator[Labelled]:
    seed = FIRST_SEED
    for part, outline in PARTS.items():
        for number in range(1, numbers[part] + 1):
            seed += 1
            path = folder / f"{part}-{number}.svs"
            circles = path.with_suffix(".csv")
            if not circles.is_file():
                slide = PhantomSlide(side_um, side_um, mpp=mpp, seed=seed, outline=outline)  # type: ignore[arg-type]
                write_slide(slide, path)
                write_truth(slide, circles)
            yield Labelled(path, circles, path.stem, part)


def own(folder: Path) -> list[Labelled]:
    """A person's own slides: ``manifest.csv`` with the columns slide, circles, patient, part.

    Raises
    ------
    UserError
        If the manifest is missing or says something else, or a patient is in two parts.
    """
    path = folder / "manifest.csv"
    try:
        table = pd.read_csv(path, dtype=str)[COLUMNS]
    except (OSError, KeyError, ValueError) as fault:
        raise UserError(
            f"{path} is no list of slides ({fault}): it must be a CSV file with the columns "
            f"{', '.join(COLUMNS)}, part being one of {', '.join(PARTS)}."
        ) from fault
    if unknown := sorted(set(table["part"]) ^ set(PARTS)):
        raise UserError(f"{path}: the parts must be {', '.join(PARTS)}; look at {unknown[0]!r}.")
    split = table.groupby("patient")["part"].nunique()
    if (split > 1).any():
        raise UserError(f"{path}: the patient {split.idxmax()} is in two parts of the study.")
    rows = table[COLUMNS].to_numpy(dtype=str).tolist()
    return [
        Labelled(folder / slide, folder / circles, who, part) for slide, circles, who, part in rows
    ]


def truth_of(labelled: Labelled, slide: Slide) -> tuple[Array, Array]:
    """Whole glomeruli, and circles that are neither hit nor miss, in level-0 px."""
    table = read_circles(labelled.circles, slide)
    rows = table[truth(table) & (table["label"] != NON_GLOMERULUS)]
    uncut = whole(rows, slide)
    return circles_of(rows[uncut]), circles_of(rows[~uncut])


def of_part(slides: Sequence[Labelled], part: str) -> list[Labelled]:
    """The slides of one part."""
    return [one for one in slides if one.part == part]


def opened(labelled: Labelled) -> Slide:
    """Open one."""
    return open_slide(labelled.slide)
