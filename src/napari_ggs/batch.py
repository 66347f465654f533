"""Slides to files, one after another: what ``run`` and ``demo`` do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal

import numpy as np
import pandas as pd

from napari_ggs import circles, console, glomeruli, models, phantom
from napari_ggs.cancelling import Cancelled, never
from napari_ggs.errors import UserError
from napari_ggs.exchange.table import read_csv
from napari_ggs.files import explained, make_folder
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.pipeline import Progress, detect_and_classify
from napari_ggs.report import RunInfo, refuse_overwriting, write_results
from napari_ggs.slides import Slide, open_slide, result_name

CANCELLED = 130
"""Exit code of a command that was stopped with Ctrl+C, as shells have it."""

NO_FILTER = "The classifier has no class for what is no glomerulus: it filters nothing."

DEMO_MIX = {
    "normal": 0.45,
    "periglomerular fibrosis": 0.1,
    "obsolescent": 0.25,
    "solidified": 0.1,
    "disappearing": 0.1,
}
"""The demo shows every class."""


@dataclass(frozen=True)
class Settings:
    """The models of a run and the thresholds in force."""

    detector: models.LoadedDetector
    classifier: models.LoadedClassifier
    thresholds: Thresholds

    @classmethod
    def load(
        cls,
        detector: str | None = None,
        classifier: str | None = None,
        t_det: float | None = None,
        t_glom: float | None = None,
    ) -> "Settings":
        """Load models by name or path (None: the embedded ones); thresholds from their cards."""
        finder = models.load_detector(detector or models.DEFAULT_DETECTOR)
        namer = models.load_classifier(classifier or models.DEFAULT_CLASSIFIER)
        thresholds = Thresholds(
            detection=finder.card.t_det if t_det is None else t_det,
            glomerulus=namer.card.t_glom if t_glom is None else t_glom,
        )
        return cls(finder, namer, thresholds)

    @property
    def scheme(self) -> Scheme:
        """The classifier's classes."""
        return self.classifier.classifier.scheme

    def described(self, last: Progress) -> RunInfo:
        """How the table of a finished run came about."""
        cards = {"detector": self.detector.card, "classifier": self.classifier.card}
        seconds = last.seconds
        return RunInfo(
            models={k: {"name": card.name, "sha256": card.sha256} for k, card in cards.items()},
            seconds={
                "total": seconds.total,
                "detector": seconds.detector,
                "classifier": seconds.classifier,
            },
            complete=last.done == last.total,
            missed=last.missed,
        )


def run_slides(
    paths: Iterable[Path],
    out: Path,
    settings: Settings,
    mpp: float | None,
    cancelled: Cancelled = never,
) -> int:
    """Analyse slides one after another; a bad one does not stop the others.

    When cancelled, the slide at hand ends early: its files say so. The rest is left. Of a
    classifier that cannot filter it is said once.

    Returns
    -------
    int
        0, or 2 if a slide could not be analysed for a reason that the user can put right, or 1
        if a fault of ours kept one from being analysed, or 130 if a slide was ended early or left.
    """
    paths = list(paths)
    _refuse_same_names(paths)
    _refuse_unwritable(out)
    if not settings.scheme.can_filter:
        console.line(NO_FILTER)
    code = 0
    for path in paths:
        if cancelled():
            return CANCELLED
        try:
            with open_slide(path, mpp) as slide:
                words, complete = run_slide(slide, out, settings, cancelled)
            console.line(words)
            if not complete:
                return CANCELLED
        except UserError as error:
            console.error(str(error))
            code = code or 2
        except Exception as error:
            console.fault(error, path.name)
            code = 1
    return code


def run_slide(
    slide: Slide, out: Path, settings: Settings, cancelled: Cancelled = never
) -> tuple[str, bool]:
    """Analyse one slide and write its four files.

    Returns
    -------
    words : str
        A line that says what was found.
    complete : bool
        False if the slide was ended early.
    """
    slide.require_mpp()
    refuse_overwriting(out, slide.name)
    last = _analyse(slide, settings, cancelled)
    if last.table is None:
        raise RuntimeError("the pipeline ended without a table")
    files = write_results(
        last.table, slide, settings.scheme, settings.thresholds, out, settings.described(last)
    )
    unknown = int(glomeruli.unclassified(last.table, settings.thresholds).sum())
    parts = [_found(last.table, settings), *_remarks(last, slide, unknown)]
    words = f"{slide.name}: {'; '.join(parts)}; {last.seconds.total:.1f} s; {files[0]}"
    return words, last.done == last.total


def _remarks(last: Progress, slide: Slide, unknown: int) -> list[str]:
    """What one must know to read the numbers rightly."""
    remarks = []
    if last.done < last.total:
        remarks.append(f"STOPPED, {100 * (last.missed or 0):.1f} % of the tissue not analysed")
    if unread := slide.unread_fraction():
        remarks.append(f"{100 * unread:.1f} % of the tissue could not be read")
    if unknown:
        remarks.append(f"{unknown} circles touch unreadable pixels and have no class")
    return remarks


def _analyse(slide: Slide, settings: Settings, cancelled: Cancelled) -> Progress:
    """Run the pipeline under a progress bar; return its last item."""
    number = 0
    steps = detect_and_classify(
        slide,
        settings.detector.detector,
        settings.classifier.classifier,
        thresholds=settings.thresholds,
        cancelled=cancelled,
    )
    with console.progress(slide.name) as advance:
        for step in steps:
            number += int(glomeruli.counted(step.rows, settings.scheme, settings.thresholds).sum())
            advance(step.done / max(step.total, 1), f"{number} glomeruli")
    return step


def _found(table: pd.DataFrame, settings: Settings) -> str:
    counts = glomeruli.counts(table, settings.scheme, settings.thresholds)
    percent = glomeruli.percent_sclerotic(counts, settings.scheme)
    if percent is None:
        return "no glomerulus found"
    each = ", ".join(f"{name} {n}" for name, n in counts.items() if n)
    return f"{sum(counts.values())} glomeruli ({each}), {percent:.1f} % globally sclerotic"


def _refuse_same_names(paths: list[Path]) -> None:
    """Two slides of one name would write the same files (on some systems whatever the case)."""
    names = [result_name(path).casefold() for path in paths]
    for path, name in zip(paths, names, strict=True):
        if names.count(name) > 1:
            raise UserError(
                f"Two of the slides are called {result_name(path)!r}, and their results would "
                "overwrite each other: run them into different folders with --out."
            )


def _refuse_unwritable(folder: Path) -> None:
    """Better now than after an hour's work."""
    with explained(make_folder(folder)), TemporaryFile(dir=folder):
        pass


def write_phantom(
    path: Path,
    width_mm: float,
    height_mm: float,
    mpp: float,
    seed: int,
    outline: Literal["wedge", "needle", "field"],
    mix: Mapping[str, float] | None = None,
) -> int:
    """Write a phantom slide and its truth; return the number of its glomeruli.

    `mix` holds the shares of the kinds of glomeruli; a slide's own mix is drawn if it is None.
    """
    kidney = phantom.PhantomSlide(
        1000 * width_mm, 1000 * height_mm, mpp=mpp, seed=seed, outline=outline, mix=mix
    )
    with console.progress(path.name) as advance:
        phantom.write_slide(kidney, path, progress=advance)
    phantom.write_truth(kidney, path.with_suffix(".truth.csv"))
    return len(kidney.truth)


def run_demo(out: Path) -> Path:
    """Make a phantom slide, analyse it, compare with its truth; return the slide."""
    slide = make_folder(out) / "phantom_kidney.svs"
    console.line(f"Writing a phantom slide of 5 x 4 mm: {slide}")
    write_phantom(slide, 5.0, 4.0, 0.5, seed=7, outline="wedge", mix=DEMO_MIX)
    console.line("Detecting and classifying")
    settings = Settings.load()
    with open_slide(slide) as opened:
        words, _ = run_slide(opened, out, settings)
        console.line(words)
    console.line(_compared(out, slide.stem, settings))
    console.line(f"The picture: {out / (slide.stem + '.png')}")
    return slide


def _compared(out: Path, stem: str, settings: Settings) -> str:
    """How the results stand to the phantom's truth."""
    truth = pd.read_csv(out / f"{stem}.truth.csv")
    table, _ = read_csv(out / f"{stem}.csv")
    found = table[glomeruli.counted(table, settings.scheme, settings.thresholds)]
    matched = circles.match(
        glomeruli.circles_of(found), glomeruli.circles_of(truth), found["detection_score"]
    )
    hit = matched >= 0
    right = found["predicted"].to_numpy()[hit] == truth["label"].to_numpy()[matched[hit]]
    return (
        f"Against the known truth: {int(hit.sum())} of {len(truth)} glomeruli found, "
        f"{int(np.sum(right))} of them in the right class, {int((~hit).sum())} false."
    )
