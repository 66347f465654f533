"""The command for many slides: cohort."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_ggs import console
from napari_ggs.cli.options import ClassifierName, DetectionScore, DetectorName, Device, Mpp, Share
from napari_ggs.errors import UserError

if TYPE_CHECKING:
    from distributed import Client

    from napari_ggs.cohort.manifest import Entry
    from napari_ggs.cohort.running import Cohort
    from napari_ggs.cohort.work import Bundle, Work


def cohort(
    manifest: Annotated[
        Path,
        typer.Argument(
            help="A CSV file with a column slide (and patient, case, level, mpp, age, groups), or "
            "a folder of slides."
        ),
    ],
    study: Annotated[Path, typer.Option(help="The study (.ggs); made if it is not there.")],
    scheduler: Annotated[
        str | None,
        typer.Option(help="Address of a dask scheduler (tcp://...).", show_default="workers here"),
    ] = None,
    slurm: Annotated[
        Path | None, typer.Option(help="Workers as jobs of SLURM, as this TOML file says.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Workers here.", min=1, show_default="one for each core")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(help="Of each worker here, as 4GB.", show_default="the machine's, shared out"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the report.", show_default="beside the study")
    ] = None,
    mpp: Mpp = None,
    detector: DetectorName = None,
    classifier: ClassifierName = None,
    t_det: DetectionScore = None,
    t_glom: Share = None,
    device: Device = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and end.")
    ] = False,
) -> None:
    """Detect and classify the glomeruli of many slides, on one machine or a cluster.

    Each slide becomes a run of the study, with what readers said of it before. The same command
    goes on where it was: what was done with these models is not done again, whatever the file is
    called now; what failed is tried again. Exit code 2 if a slide could not be analysed; the
    others are. Ctrl+C lets slides that are in work wait for the next time (exit code 130).
    """
    from napari_ggs.cohort import clusters
    from napari_ggs.cohort.manifest import read_manifest
    from napari_ggs.cohort.reporting import RunOfCohort
    from napari_ggs.cohort.running import Cohort, alone_with
    from napari_ggs.cohort.work import choose_work
    from napari_ggs.store import CaseStore

    if scheduler and slurm:
        raise UserError("Workers are at a scheduler or under SLURM: give one of the two.")
    clusters.require_dask()
    entries = [_with(entry, mpp) for entry in read_manifest(manifest)]
    work, bundle = choose_work(detector, classifier, t_det, t_glom, device)
    if dry_run:
        _say_what_is_left(entries, study, work)
        return
    if scheduler:
        cluster = clusters.at(scheduler)
    else:
        cluster = clusters.slurm(slurm) if slurm else clusters.local(workers, memory)
    about = RunOfCohort(sys.argv, manifest.absolute(), study.absolute(), work)
    with alone_with(study), CaseStore.open(study) as store:
        made = Cohort(entries, store, work, about)
        try:
            code = _run(made, bundle, cluster)
        except UserError as fault:
            about.ended_early = str(fault)
            code = 2
        file, text = made.report(out or study.absolute().parent)
    console.line(text)
    console.line(f"Written: {file} and {file.with_suffix('.json').name}")
    if code:
        raise typer.Exit(code)


def _run(made: "Cohort", bundle: "Bundle", cluster: AbstractContextManager["Client"]) -> int:
    """Do what is left to do, under a progress bar; the exit code."""
    from napari_ggs.batch import CANCELLED, NO_FILTER

    jobs = made.plan()
    if not jobs:
        return 0
    if not made.work.filters:
        console.line(NO_FILTER)
    with console.interruptible() as cancelled, cluster as client:
        made.about.scheduler = client.scheduler.address
        console.line(f"Workers of {made.about.scheduler}; dashboard: {client.dashboard_link}")
        with console.progress(made.about.manifest.name) as advance:
            made.run(client, bundle, jobs, lambda now: advance(now.share, now.words()), cancelled)
        return CANCELLED if cancelled() else made.code


def _with(entry: "Entry", mpp: float | None) -> "Entry":
    """An entry with the um/px of the command line, unless the manifest gives it."""
    return entry._replace(mpp=entry.mpp or mpp)


def _say_what_is_left(entries: list["Entry"], study: Path, work: "Work") -> None:
    """Print each slide that would be done, and how many are."""
    from napari_ggs.cohort.holding import stamp_of
    from napari_ggs.slides.locations import address_of
    from napari_ggs.store import CaseStore

    done: dict[tuple[Path, str], str] = {}
    if study.exists():
        with CaseStore.open(study, create=False) as store:
            kept = (task for task in store.tasks() if task.state in ("done", "skipped"))
            done = {(task.path, task.work): task.stamp for task in kept}
    left = [
        entry
        for entry in entries
        if (stamp := done.get((entry.path, work.key(entry.mpp)))) is None
        or stamp_of(entry.path) not in (stamp, "")
    ]
    for entry in left:
        absent = not (address_of(entry.path) or entry.path.exists())
        console.line(f"{entry.path}{': there is no such file' * absent}")
    console.line(
        f"{len(left)} of {len(entries)} slides are to be done with {work.detector.name} and "
        f"{work.classifier.name}; {len(entries) - len(left)} are done. Nothing was begun."
    )
