"""What a run of a cohort was: enough to repeat it, and to know what is missing."""

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from napari_ggs import __version__
from napari_ggs.cohort.work import METHOD, Work
from napari_ggs.files import make_folder, replacing
from napari_ggs.store import StoredTask
from napari_ggs.store.tasks import STATES

PACKAGES = ("numpy", "torch", "dask", "distributed", "dask-jobqueue", "tifffile", "openslide-bin")

FORMAT = "napari-ggs cohort report"


@dataclass
class RunOfCohort:
    """What is known of a run of the command beside its tasks.

    Attributes
    ----------
    command : sequence of str
    manifest, study : Path
    work : Work
    scheduler : str
        Address of the scheduler.
    workers : int
        The most that were there at once.
    began : datetime
    ended_early : str
        Why it ended before all was done; "" if it did not.
    remark : str
        Why some workers were sent nothing.
    before : int
        Slides that were done (or the same as one that was) already.
    """

    command: Sequence[str]
    manifest: Path
    study: Path
    work: Work
    scheduler: str = ""
    workers: int = 0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_early: str = ""
    remark: str = ""
    before: int = 0


def write_report(run: RunOfCohort, tasks: Sequence[StoredTask], folder: Path) -> tuple[Path, str]:
    """Write ``STUDY.cohort-TIME.json`` and ``.txt`` into a folder.

    Parameters
    ----------
    run : RunOfCohort
    tasks : sequence of StoredTask
        Those of the manifest, as they stand now.
    folder : Path

    Returns
    -------
    file : Path
        The text.
    text : str

    Raises
    ------
    UserError
        If it cannot be written.
    """
    values = _values(run, tasks)
    text = _text(values, run)
    stem = f"{run.study.stem}.cohort-{run.began:%Y%m%dT%H%M%S}"
    make_folder(folder)
    for ending, content in ((".json", json.dumps(values, indent=2)), (".txt", text)):
        file = folder / f"{stem}{ending}"
        with replacing(file) as scratch:
            scratch.write_text(content + "\n", encoding="utf-8")
    return file, text


def _values(run: RunOfCohort, tasks: Sequence[StoredTask]) -> dict[str, Any]:
    """The report as plain values."""
    ended = datetime.now(UTC)
    return {
        "format": FORMAT,
        "napari_ggs": __version__,
        "command": list(run.command),
        "manifest": {"path": str(run.manifest), "sha256": _sha256(run.manifest)},
        "study": str(run.study),
        "models": run.work.models,
        "thresholds": {
            "detection": run.work.thresholds.detection,
            "glomerulus": run.work.thresholds.glomerulus,
        },
        "method": METHOD,
        "scheduler": run.scheduler,
        "workers": run.workers,
        "remark": run.remark,
        "began": run.began.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
        "seconds": round((ended - run.began).total_seconds(), 1),
        "ended_early": run.ended_early,
        "done_before": run.before,
        "states": _states(tasks),
        "versions": _versions(),
        "slides": [_slide(task) for task in tasks],
    }


def _states(tasks: Sequence[StoredTask]) -> dict[str, int]:
    counts = Counter(task.state for task in tasks)
    return {state: counts[state] for state in STATES}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "system": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _slide(task: StoredTask) -> dict[str, Any]:
    """One slide; what was done of an earlier content of its file is left out."""
    kept = task.state in ("done", "skipped")
    seconds = (task.ended - task.began).total_seconds() if task.began and task.ended else None
    return {
        "path": str(task.path),
        "state": task.state,
        "reason": task.reason,
        "attempts": task.attempts,
        "began": task.began and task.began.isoformat(timespec="seconds"),
        "seconds": seconds and round(seconds, 2),
        "fingerprint": task.fingerprint if kept else None,
        "run": task.run if kept else None,
        "work": task.work,
        "about": task.about,
    }


def _sha256(manifest: Path) -> str | None:
    """Of the manifest's file; None of a folder."""
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else None


def _text(values: Mapping[str, Any], run: RunOfCohort) -> str:
    """The report in a few lines, then what failed or was skipped and why."""
    states = ", ".join(f"{count} {state}" for state, count in values["states"].items() if count)
    both = (f"{role} {one['name']} ({one['sha256'][:12]})" for role, one in run.work.models.items())
    before = f" ({run.before} of them before)" if run.before else ""
    lines = [
        f"{run.manifest.name} into {run.study.name}: {len(values['slides'])} slides: "
        f"{states}{before}",
        f"{values['began']}, {values['seconds']:.0f} s, up to {run.workers} workers, "
        f"{', '.join(both)}, napari-ggs {__version__}",
        *([f"Some workers have not got the models: {run.remark}"] if run.remark else []),
        *([f"Ended early: {run.ended_early}"] if run.ended_early else []),
        *(
            f"{slide['state']}: {slide['path']}: {slide['reason']}"
            for slide in values["slides"]
            if slide["state"] in ("failed", "skipped")
        ),
    ]
    return "\n".join(lines)
