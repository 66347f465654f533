"""The learning loop, closed: what 50, 200 and 500 corrections make of the embedded classifier.

    python benchmarks/closed_loop.py --out closed-loop --results docs/results/closed_loop
    python benchmarks/closed_loop.py --redraw --results docs/results/closed_loop   # from its CSV
    python benchmarks/closed_loop.py --quick --out try --results try   # one tiny seed: does it run

Each seed has a cohort of its own whose stain, scanner and lesion mix the embedded classifier has
never seen (`closed_loop_cohort` says by how much): 20 patients to label, 10 held out. A simulated
pathologist gives circles of the 20 their true class, as events of a study, in three orders:

random      any circle
stratified  in turn from each class that the embedded classifier predicted; any of the class
next        as ``napari-ggs study next`` says (uncertainty and diversity): 50 by the embedded
            classifier, 150 more by the model that these made, 300 more by the next one

After each of them the embedded classifier is retrained as ``napari-ggs retrain`` does, by the
recipe retrain_classifier: every entry is the recipe's, its phantoms too, but for the schedule
(`FULL`), of 120 mini-batches where 40 epochs would be 1,400 and more. The model then names all
circles that the detector found in held-out patients, by the most probable class. The rows
of 0 corrections are the embedded classifier itself. Whatever is finished stays in --out and the
same command goes on from it.
"""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from closed_loop_cohort import Cohort, Size, cohort, label
from closed_loop_results import figures, write_results
from napari_ggs.files import make_folder, replacing
from napari_ggs.models import DEFAULT_CLASSIFIER, load_classifier
from napari_ggs.store import CaseStore
from napari_ggs.training.options import Options
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.predicting import predictions, write_predictions
from napari_ggs.training.retraining import retrain
from napari_ggs.training.sources import Study
from napari_ggs.training.study_circles import OPEN, all_places
from napari_ggs.training.study_next import next_of_study
from napari_ggs.training.study_patches import study_patches


class Plan(NamedTuple):
    """What is done for each seed.

    Attributes
    ----------
    size : Size
        Of the cohort.
    totals : tuple of int
        How many corrections there are when a model is trained.
    settings : tuple of str
        Entries in place of the recipe's.
    """

    size: Size
    totals: tuple[int, ...]
    settings: tuple[str, ...]


FULL = Plan(
    Size(),
    (50, 200, 500),
    (
        "schedule.stages = [{ px = 128, epochs = 2 }, { px = 192, epochs = 1 }]",
        "schedule.batches_per_epoch = 40",
    ),
)
QUICK = Plan(
    Size(labelling=2, held_out=1, side_um=1200.0),
    (4, 8),
    (
        "schedule.stages = [{ px = 64, epochs = 1 }]",
        "schedule.batches_per_epoch = 2",
        "data = [{ kind = 'study', study = '' }, "
        "{ kind = 'phantom', slides = 1, seed = 2000, mpp = 1.0, validation = 0, "
        "mix = { normal = 1, obsolescent = 1, solidified = 1, disappearing = 1 } }]",
    ),
)


def open_circles(study: Path) -> pd.DataFrame:
    """The circles of a study of which nobody has said anything: slide, circle, predicted."""
    with CaseStore.open(study, create=False) as store:
        found = [table.assign(slide=slide.name) for slide, table in all_places(store)]
    table = pd.concat(found, ignore_index=True).rename(columns={"id": "circle"})
    return table[table["standing"] == OPEN]


def at_random(study: Path, model: str, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Any circles."""
    del model
    return open_circles(study).sample(count, random_state=rng)


def stratified(study: Path, model: str, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """As many of each predicted class as there are, any of the class."""
    del model
    shuffled = open_circles(study).sample(frac=1, random_state=rng)
    turn = shuffled.groupby("predicted").cumcount()
    return shuffled.assign(turn=turn).sort_values("turn", kind="stable").head(count)


def to_teach(study: Path, model: str, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Those that would teach a model most."""
    del rng
    return next_of_study(study, load_classifier(model, "cpu"), count).table


Order = Callable[[Path, str, int, np.random.Generator], pd.DataFrame]
ORDERS: dict[str, Order] = {"random": at_random, "stratified": stratified, "next": to_teach}


def corrected(before: Path, after: Path, truth: pd.DataFrame, chosen: pd.DataFrame) -> None:
    """Copy a study and let the pathologist say what the chosen circles are."""
    with replacing(after) as scratch:
        shutil.copy(before, scratch)
        label(scratch, truth.merge(chosen[["slide", "circle"]]))


def answer(model: str, held_out: PatchSet, path: Path) -> None:
    """Write what a model says of the held-out circles."""
    write_predictions(predictions(load_classifier(model, "cpu").classifier, held_out), path)


def follow(order: str, made: Cohort, held_out: PatchSet, seed: int, plan: Plan) -> None:
    """Correct in one order, retrain and answer, as far as that is not done yet."""
    study, model, done = made.pool, DEFAULT_CLASSIFIER, 0
    for total in plan.totals:
        after = made.pool.with_name(f"{order}-{total}.ggs")
        if not after.is_file():
            rng = np.random.default_rng([seed, total])
            chosen = ORDERS[order](study, model, total - done, rng)
            corrected(study, after, made.truth, chosen)
        trained = after.with_suffix(".safetensors")
        if not trained.is_file():
            settings = (f"seed = {seed}", *plan.settings)
            retrain(Options(after, trained, start=DEFAULT_CLASSIFIER, settings=settings))
        if not (answers := after.with_suffix(".csv")).is_file():
            answer(str(trained), held_out, answers)
            print(f"seed {seed}, {order}, {total}: done", flush=True)
        study, model, done = after, str(trained), total


def run(folder: Path, seed: int, plan: Plan) -> pd.DataFrame:
    """All trainings of a seed; return their figures."""
    made = cohort(folder, seed, plan.size)
    held_out = study_patches(Study(kind="study", study=made.held_out))
    if not (start := folder / "start.csv").is_file():
        answer(DEFAULT_CLASSIFIER, held_out, start)
    for order in ORDERS:
        follow(order, made, held_out, seed, plan)
    rows = []
    for order in ORDERS:
        rows.append(figures(start, made.pool, seed, order))
        studies = [folder / f"{order}-{total}.ggs" for total in plan.totals]
        rows += [figures(study.with_suffix(".csv"), study, seed, order) for study in studies]
    return pd.DataFrame(rows)


def main() -> None:
    """Run what is not done yet, and write the results after each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("closed-loop"))
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--redraw", action="store_true")
    given = parser.parse_args()
    results = make_folder(given.results)
    if given.redraw:
        print(write_results(pd.read_csv(results / "closed_loop.csv"), results))
        return
    plan, found = QUICK if given.quick else FULL, []
    for seed in range(1, (1 if given.quick else given.seeds) + 1):
        found.append(run(given.out / f"seed-{seed}", seed, plan))
        print(write_results(pd.concat(found, ignore_index=True), results), flush=True)


if __name__ == "__main__":
    main()
