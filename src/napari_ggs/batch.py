"""Slides to files, one after another: what ``run`` does."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import pandas as pd

from napari_ggs import console, glomeruli, models
from napari_ggs.cancelling import Cancelled, never
from napari_ggs.devices import DeviceName
from napari_ggs.errors import UserError
from napari_ggs.files import explained, make_folder
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.models.engines import computed_by
from napari_ggs.pipeline import Progress, detect_and_classify
from napari_ggs.report import RunInfo, refuse_overwriting, write_results
from napari_ggs.slides import Slide, open_slide, result_name
from napari_ggs.slides.slide import SCAN_CACHE_BYTES

CANCELLED = 130
"""Exit code of a command that was stopped with Ctrl+C, as shells have it."""

NO_FILTER = "The classifier has no class for what is no glomerulus: it filters nothing."


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
        device: DeviceName = "auto",
    ) -> "Settings":
        """Load models by name or path (None: those in use); thresholds from their cards."""
        finder = models.load_detector(detector or models.in_use("detection"), device)
        namer = models.load_classifier(classifier or models.in_use("classification"), device)
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
            engines={
                "detector": computed_by(self.detector.detector),
                "classifier": computed_by(self.classifier.classifier),
            },
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
                slide.cache.capacity = SCAN_CACHE_BYTES
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
    if not last.total:
        remarks.append("there is NO TISSUE on this slide, so that nothing was analysed")
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
    for name in names:
        if names.count(name) > 1:
            alike = [str(p) for p, other in zip(paths, names, strict=True) if other == name]
            raise UserError(
                f"{' and '.join(alike)} would overwrite each other's results: run them into "
                "different folders with --out."
            )


def _refuse_unwritable(folder: Path) -> None:
    """Better now than after an hour's work."""
    with explained(make_folder(folder)), TemporaryFile(dir=folder):
        pass
