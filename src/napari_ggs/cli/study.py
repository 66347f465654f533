"""Commands for studies: list, verify, export, import, review, next."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from napari_ggs import console
from napari_ggs.cli.options import Device, MovedSlides, Study
from napari_ggs.cli.research import stoppable
from napari_ggs.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from napari_ggs.review.export_study import Told

app = typer.Typer(
    name="study",
    help="List, check, export and import studies (.ggs): all runs and edits of their slides.",
    no_args_is_help=True,
)


class TableFormat(StrEnum):
    """`napari_ggs.review.export.Format` as an option that may be repeated."""

    CSV = "csv"
    PARQUET = "parquet"
    GEOJSON = "geojson"
    IMAGESCOPE = "imagescope"


@app.command("list")
def list_slides(study: Study) -> None:
    """List the slides of a study: case, patient, runs, and who has labelled their circles."""
    from napari_ggs.review.export_study import cut_off
    from napari_ggs.store import CaseStore

    with CaseStore.open(study, create=False) as store:
        number = len(store.slides())
        console.line(f"{study}: {number} slide{'' if number == 1 else 's'}")
        for slide in store.slides():
            runs = store.runs(slide.id)
            readers = sorted({who for run in runs for who in store.readers(run.id)})
            console.line(
                f"{slide.name}  case {slide.case}  patient {slide.patient}  "
                f"{len(runs)} run{'' if len(runs) == 1 else 's'}  "
                f"readers: {', '.join(readers) or 'none'}{cut_off(store.standing_run(slide.id))}"
            )


@app.command()
def verify(study: Study) -> None:
    """Check that a study is whole: its file, and that every edit follows from those before it."""
    from napari_ggs.store import CaseStore

    with CaseStore.open(study, create=False) as store:
        problems = store.verify()
    for problem in problems:
        console.error(f"{study}: {problem}")
    if problems:
        raise typer.Exit(2)
    console.line(f"{study} is whole.")


@app.command("export")
def export(
    study: Study, out: Annotated[Path, typer.Option(help="The file to write (.jsonl.gz).")]
) -> None:
    """Write a whole study as one text file, names and paths included.

    The key of its pseudonyms (STUDY.ggs.key) stays out: with it, whoever gets the file could tell
    who is who in everything that was published. Where exports of a copy are to have the same
    pseudonyms, as on your own new computer, copy the key beside the copy, by its name.
    """
    from napari_ggs.store import CaseStore, export_study
    from napari_ggs.store.pseudonyms import key_path

    with CaseStore.open(study, create=False) as store:
        export_study(store, out)
    console.line(f"Written: {out}")
    if key_path(study).exists():
        console.line(f"The key of the pseudonyms is not in it: {key_path(study)}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="What export wrote (.jsonl.gz).")],
    into: Annotated[Path, typer.Option(help="The study (.ggs); made if it is not there.")],
) -> None:
    """Add an exported study to another one, which must not have its slides already.

    Its pseudonyms are those of the study that it is added to. To have the same as where it comes
    from, copy the key from there (see export) before anything is exported.
    """
    from napari_ggs.store import CaseStore, import_study
    from napari_ggs.store.pseudonyms import key_path

    with CaseStore.open(into) as store:
        import_study(file, store)
        console.line(f"{into} has {len(store.slides())} slides now.")
    if not key_path(into).exists():
        console.line(f"Pseudonyms will be new ones, unless the key is copied to {key_path(into)}")


@app.command()
def review(
    study: Study,
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    slides: MovedSlides = None,
    written: Annotated[
        list[TableFormat] | None,
        typer.Option("--format", help="Of the tables. May be repeated.", show_default="csv"),
    ] = None,
    leica: Annotated[
        bool, typer.Option("--leica", help="ImageScope XML of Leica SCN slides, which it turns.")
    ] = False,
    patches: Annotated[
        bool, typer.Option("--patches", help="Also cut the labelled circles out, to train on.")
    ] = False,
    tiff: Annotated[bool, typer.Option("--tiff", help="Patches as TIFF instead of PNG.")] = False,
    identify: Annotated[
        bool,
        typer.Option(
            "--identify", help="With the names of patients, slides and readers, and notes."
        ),
    ] = False,
    reviewer: Annotated[
        str | None,
        typer.Option(help="Whose review.", show_default="the only one, else the consensus"),
    ] = None,
) -> None:
    """Write the latest run of each slide as a reviewer left it: tables, and patches to train on.

    Patients, slides and readers get pseudonyms, by a key that lies beside the study (.key): keep
    it to yourself. What an earlier export wrote of the same slides is replaced. Exit code 2 if a
    slide could not be exported, as where its file is gone or readers disagree; the others are.
    """
    from napari_ggs.review.export import Format
    from napari_ggs.review.export_study import Wanted, export_slide
    from napari_ggs.store import CaseStore
    from napari_ggs.store.pseudonyms import Names

    picture: Literal["png", "tif"] = "tif" if tiff else "png"
    with CaseStore.open(study, create=False) as store:
        names = Names.of(study, identify)
        cut = picture if patches else None
        tables = tuple(name for name in get_args(Format) if name in (written or [TableFormat.CSV]))
        wanted = Wanted(out, names, tables, leica, cut, tuple(slides or ()), reviewer)
        codes = [_tell(export_slide(store, slide, wanted)) for slide in store.slides()]
    if any(codes):
        raise typer.Exit(min(filter(None, codes)))


@app.command("next")
def next_(
    study: Study,
    out: Annotated[Path, typer.Option(help="The table to write (.csv).")],
    count: Annotated[int, typer.Option(help="How many circles to choose.")] = 200,
    model: Annotated[
        str | None,
        typer.Option(
            help="The classifier that is to learn: its name or file.",
            show_default="the one in use",
        ),
    ] = None,
    slides: MovedSlides = None,
    device: Device = "auto",
) -> None:
    """Choose, over all slides, the circles whose labels would teach the classifier most.

    Those of which it is least sure, and that are unlike what is labelled and each other, in the
    order in which to label them. Circles of which people said anything are not chosen. The table
    names slides as the study does, and their files. Exit code 2 if a slide could not be read; the
    others are.
    """
    from napari_ggs.files import make_folder, replacing
    from napari_ggs.models import load_classifier
    from napari_ggs.models.choosing import in_use
    from napari_ggs.training.study_next import next_of_study

    make_folder(out.absolute().parent)
    chosen = model or in_use("classification")
    with stoppable(f"Looking at the circles of {study.stem}") as (advance, stopped):
        loaded = load_classifier(chosen, device)
        found = next_of_study(study, loaded, count, tuple(slides or ()), advance, stopped)
    with replacing(out) as temporary:
        found.table.to_csv(temporary, index=False)
    for fault in found.faults:
        console.error(fault)
    _say_next(found.table)
    if found.unread:
        console.line(f"{found.unread} circles were passed over: pixels there cannot be read.")
    console.line(
        f"Written: {out} ({len(found.table)} of {found.left} circles without a label). Open these "
        "slides, label these circles (in the Review dock: the order 'what teaches the model most'),"
        f" then train: napari-ggs retrain --study {study} --out better.safetensors"
    )
    if found.faults:
        raise typer.Exit(2)


def _say_next(table: "pd.DataFrame") -> None:
    """Print how many circles to label by slide and predicted class, the first slide first."""
    for name, rows in table.groupby("slide", sort=False):
        classes = rows["predicted"].value_counts()
        words = ", ".join(f"{label} {number}" for label, number in classes.items())
        console.line(f"{name}: {len(rows)} to label (predicted {words})")


def _tell(told: "Told") -> int:
    """Print what became of a slide; the exit code for it."""
    if told.written:
        console.line(f"{told.slide.name}: {told.words}")
    if told.fault is None:
        return 0
    if isinstance(told.fault, UserError):
        console.error(f"{told.slide.name}: {told.fault}")
        return 2
    console.fault(told.fault, told.slide.name)
    return 1
