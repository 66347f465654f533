"""Cohorts for `closed_loop`: phantoms of a laboratory, a scanner and a lesion mix of their own.

The embedded classifier learnt from phantoms at 0.5 um/px whose stains lie between two laboratories
(`napari_ggs.phantom.style`), varied further as its recipes say; every slide had the shares normal
.25, periglomerular fibrosis .1, obsolescent .25, solidified .2, disappearing .2. Here:

- PAS has faded to an optical density of .45 (`FADED`). In training it was 1.4 on average, and the
  augmentation took it down to .64 times what was drawn: hardly ever below .7.
- Its colour is 18 degrees from the nearest laboratory's; the augmentation turns it by 5 (one
  standard deviation). Haematoxylin is 8 degrees away and holds its strength, so that purple is
  what is left to tell structures by. Glass is yellow, grain stronger than any in training.
- It was scanned at 1 um/px, half the resolution.
- `MIX` triples periglomerular fibrosis, whose tufts are open, leaves 40 % of the normal glomeruli
  and 60 % of the obsolescent ones, and has more solidified ones; each patient's shares are drawn
  around it (intraclass correlation .34, as in the CircleMix paper), also unlike training.

A patient is a slide. The embedded models look for glomeruli on it as ``napari-ggs mine`` does, down
to a detection score of .05, so that what is no glomerulus is what this detector takes for one.
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from napari_ggs.batch import Settings
from napari_ggs.evaluation import compare, true_classes
from napari_ggs.files import make_folder, replacing
from napari_ggs.glomeruli import LOWEST_SCORE, circles_of
from napari_ggs.mining import Mined, mine_slide
from napari_ggs.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from napari_ggs.phantom import PhantomSlide, Style, write_slide, write_truth
from napari_ggs.slides import open_slide
from napari_ggs.store import CaseStore, FieldChange
from napari_ggs.training.phantom_patches import CLUSTERING

FIRST_SEED, MPP = 800_000, 1.0
MIX = {
    "normal": 0.1,
    "periglomerular fibrosis": 0.3,
    "obsolescent": 0.15,
    "solidified": 0.25,
    "disappearing": 0.2,
}
FADED = Style(
    haematoxylin=(0.55, 0.70, 0.45),
    pas=(0.45, 0.70, 0.55),
    haematoxylin_max=1.6,
    pas_max=0.45,
    white=(236.0, 228.0, 214.0),
    blur_um=0.6,
    defocus=0.5,
    thickness=0.12,
    grain=0.02,
)
READER = "simulated pathologist"


class Size(NamedTuple):
    """How large a cohort is: patients to label, patients held out, side of a slide (um)."""

    labelling: int = 20
    held_out: int = 10
    side_um: float = 3000.0


class Cohort(NamedTuple):
    """A cohort.

    Attributes
    ----------
    pool : Path
        The study of the patients to label, of whom nothing is labelled yet.
    held_out : Path
        The study of those held out; every circle has its true class.
    truth : DataFrame
        ``slide``, ``run``, ``circle`` (its number), ``handle``, ``truth`` of the pool's circles.
    """

    pool: Path
    held_out: Path
    truth: pd.DataFrame


def cohort(folder: Path, seed: int, size: Size) -> Cohort:
    """The cohort of a seed, made unless it is there."""
    pool, held_out = folder / "pool.ggs", folder / "held_out.ggs"
    table = make_folder(folder) / "truth.csv"
    if not table.is_file():
        settings = Settings.load(DEFAULT_DETECTOR, DEFAULT_CLASSIFIER, t_det=LOWEST_SCORE)
        first = FIRST_SEED + 1000 * seed
        seeds = range(first, first + size.labelling + size.held_out)
        slides = [phantom(folder, one, size.side_um) for one in seeds]
        truth = study_of(pool, slides[: size.labelling], settings)
        label(held_out, study_of(held_out, slides[size.labelling :], settings))
        with replacing(table) as scratch:
            truth.to_csv(scratch, index=False)
    return Cohort(pool, held_out, pd.read_csv(table))


def phantom(folder: Path, seed: int, side_um: float) -> Path:
    """Write a patient's slide with its truth, unless it is there."""
    path = folder / f"patient-{seed}.svs"
    truth = path.with_suffix(".truth.csv")
    if not truth.is_file():
        rng = np.random.default_rng([seed, 6])
        shares = rng.dirichlet(CLUSTERING * np.array(list(MIX.values())))
        mix = dict(zip(MIX, shares.tolist(), strict=True))
        made = PhantomSlide(side_um, side_um, MPP, seed, "field", mix, stained(rng))
        write_slide(made, path)
        write_truth(made, truth)
    return path


def stained(rng: np.random.Generator) -> Style:
    """A slide of the laboratory: strengths and glass vary from day to day."""
    haematoxylin, pas = np.exp(rng.normal(0, 0.1, 2)).tolist()
    white = (np.array(FADED.white) + rng.normal(0, 1.6, 3)).tolist()
    return replace(
        FADED,
        haematoxylin_max=FADED.haematoxylin_max * haematoxylin,
        pas_max=FADED.pas_max * pas,
        white=tuple(white),
        defocus=float(rng.beta(3, 3)),
    )


def study_of(path: Path, slides: list[Path], settings: Settings) -> pd.DataFrame:
    """Make a study of slides on which the models have looked; return its circles' classes.

    Glomeruli that the edge cuts are put aside: nobody is asked about them.
    """
    path.unlink(missing_ok=True)
    with CaseStore.open(path) as store:
        session = store.begin_session(READER)
        found = [looked_at(store, session, slide, settings) for slide in slides]
    return pd.concat(found, ignore_index=True)


def looked_at(store: CaseStore, session: int, path: Path, settings: Settings) -> pd.DataFrame:
    """Run the models on a slide; the circles' classes (see `Cohort`)."""
    with open_slide(path) as slide:
        *_, mined = mine_slide(slide, settings, store)
        name = slide.name
    assert isinstance(mined, Mined)
    truth = pd.read_csv(path.with_suffix(".truth.csv"))
    whole = truth[~truth["cut"]]
    ignored = circles_of(truth[truth["cut"]])
    image, rows = compare(store.table(mined.run), circles_of(whole), ignored, MPP)
    classes = true_classes(image, whole["label"])
    aside = [
        FieldChange(handle, "assessment", "", "ungradable") for handle in rows.index[classes == ""]
    ]
    store.journal(mined.run, session).append("assessed", aside)
    found = {"circle": rows["id"], "handle": rows.index, "truth": classes}
    return pd.DataFrame({"slide": name, "run": mined.run} | found)[classes != ""]


def label(study: Path, circles: pd.DataFrame) -> None:
    """Let the pathologist say of circles (rows as `Cohort.truth`) what they are."""
    with CaseStore.open(study, create=False) as store:
        session = store.begin_session(READER)
        for row in circles.itertuples():
            change = FieldChange(row.handle, "label", "", row.truth)
            store.journal(row.run, session).append("labelled", [change])
