"""The summary of a slide: counts, thresholds, models, times and what was not analysed."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from napari_ggs import __version__, glomeruli
from napari_ggs.evaluation import wilson
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import NON_GLOMERULUS, Scheme
from napari_ggs.slides import Slide

GLOBAL = "global sclerosis: more than half of the tuft"
MARK = "napari_ggs"
"""The key that tells a summary from any other JSON file; it holds the version."""

RESEARCH = "For research, not for diagnosis."


@dataclass(frozen=True)
class RunInfo:
    """How a table came about.

    Attributes
    ----------
    models : dict
        Role ("detector", "classifier") to {"name", "sha256"}.
    engines : dict
        Role to the name of what computed its network, as "OpenVINO 2026.4.1".
    seconds : dict
        Part of the run ("total", "detector", "classifier") to seconds.
    complete : bool
        False if the run was stopped: then the counts are those of a part of the tissue.
    missed : float or None
        Share of the tissue, 0 to 1, that was not analysed; None if not known.
    region : tuple of float or None
        x, y, width, height in level-0 px if only a region was analysed.
    """

    models: dict[str, dict[str, str]] = field(default_factory=dict)
    engines: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    complete: bool = True
    missed: float | None = None
    region: tuple[float, float, float, float] | None = None


def summarise(
    table: pd.DataFrame, slide: Slide, scheme: Scheme, thresholds: Thresholds, run: RunInfo
) -> dict[str, Any]:
    """Return the summary as plain values, ready for JSON."""
    counts = glomeruli.counts(table, scheme, thresholds)
    return {
        MARK: __version__,
        "slide": _slide(slide),
        "glomeruli": sum(counts.values()),
        "counts": counts,
        "globally_sclerotic_percent": glomeruli.percent_sclerotic(counts, scheme),
        "globally_sclerotic_percent_95": _interval(counts, scheme),
        "definition": GLOBAL,
        "rejected": _rejected(table, thresholds),
        "unclassified": int(glomeruli.unclassified(table, thresholds).sum()),
        "thresholds": {"detection": thresholds.detection, "glomerulus": thresholds.glomerulus},
        "scheme": {
            "name": scheme.name,
            "classes": list(scheme.classes),
            "filters": scheme.can_filter,
        },
        "models": run.models,
        "engines": run.engines,
        "seconds": {name: round(value, 3) for name, value in run.seconds.items()},
        "complete": run.complete,
        "region": run.region,
        "tissue_mm2": round(slide.tissue().area_mm2, 4),
        "tissue_not_analysed_percent": _percent(run.missed if slide.tissue().area_mm2 else None),
        "tissue_unreadable_percent": _percent(slide.unread_fraction()),
        "note": RESEARCH,
    }


def _slide(slide: Slide) -> dict[str, Any]:
    return {
        "name": slide.name,
        "fingerprint": slide.fingerprint,
        "width": slide.width,
        "height": slide.height,
        "mpp": slide.mpp,
        "reader": slide.backend,
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 4)


def _interval(counts: dict[str, int], scheme: Scheme) -> list[float] | None:
    """Wilson's 95 % interval of %GGS in percent; None without glomeruli."""
    sclerotic = sum(counts.get(name, 0) for name in scheme.sclerotic)
    share = wilson(sclerotic, sum(counts.values()))
    return [round(100 * end, 2) for end in (share.low, share.high)] if share.n else None


def _rejected(table: pd.DataFrame, thresholds: Thresholds) -> dict[str, int]:
    passed = glomeruli.passes(table, thresholds)
    filtered = passed & (glomeruli.classes_in_force(table) == NON_GLOMERULUS)
    return {
        "below_detection_threshold": int((~passed).sum()),
        "by_classifier": int((filtered & (table["label"] == "")).sum()),
        "by_people": int((filtered & (table["label"] != "")).sum()),
    }
