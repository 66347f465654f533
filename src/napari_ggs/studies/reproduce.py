"""The studies by name: what ``napari-ggs reproduce`` runs."""

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from napari_ggs.cancelling import never
from napari_ggs.devices import DeviceName, device_of
from napari_ggs.errors import UserError
from napari_ggs.files import make_folder, replacing
from napari_ggs.studies.arms import Stage
from napari_ggs.studies.circlemix import study_circlemix
from napari_ggs.studies.external import study_external
from napari_ggs.studies.filtering import study_filtering
from napari_ggs.studies.imbalance import study_imbalance
from napari_ggs.studies.scales import scale_of
from napari_ggs.studies.transfer import study_transfer
from napari_ggs.training.steps import Progress, silent

VERSION = version("napari-ggs")

STUDIES: dict[str, Callable[[Stage, Path | None, Path], Path]] = {
    "transfer": study_transfer,
    "external": study_external,
    "filtering": study_filtering,
    "circlemix": study_circlemix,
    "imbalance": study_imbalance,
}


def reproduce(
    study: str,
    out: Path,
    scale: str = "medium",
    data: Path | None = None,
    progress: Progress = silent,
    stopped: Callable[[], bool] = never,
    device: DeviceName = "auto",
) -> Path:
    """Run a study and write its report.

    Parameters
    ----------
    study : str
        One of `STUDIES`.
    out : Path
        ``out/study`` is the folder of the report. ``out/runs`` keeps what is finished, for the same
        command to go on, and for other studies that train the same.
    scale : {"small", "medium", "paper"}
    data : Path, optional
        The user's own labelled patches (of ``filtering``: slides); phantoms if not given.
    progress : callable
        Called with a `TrainingStep`.
    stopped : callable
        Asked after each batch.
    device : {"auto", "cpu", "cuda"}
        Where networks learn and answer.

    Returns
    -------
    Path
        ``report.md``.

    Raises
    ------
    UserError
        If the study, the scale or the data are unknown, the folder is of another scale or other
        data, or it was stopped.
    """
    if data is not None and not data.is_dir():
        raise UserError(f"There is no folder {data}: --data names the folder of your own data.")
    if study not in STUDIES:
        raise UserError(f"There is no study {study!r}: take one of {', '.join(STUDIES)}.")
    wanted = scale_of(scale)
    device_of(device)
    runs = make_folder(out / "runs")
    _claim(
        runs / "studies.json", {"scale": scale, "data": str(data or "phantoms"), "version": VERSION}
    )
    return STUDIES[study](Stage(runs, wanted, progress, stopped, device), data, out / study)


def _claim(path: Path, of: dict[str, str]) -> None:
    """Keep runs of different sizes and data apart."""
    if not path.is_file():
        with replacing(path) as scratch:
            scratch.write_text(json.dumps(of, indent=1) + "\n", encoding="utf-8")
    elif json.loads(path.read_text(encoding="utf-8")) != of:
        raise UserError(
            f"{path.parent} holds the runs of another scale, other data or another version: choose "
            "another --out."
        )
