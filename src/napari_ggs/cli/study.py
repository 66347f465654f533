"""Commands for studies: list, verify, export, import, review."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from napari_ggs import console
from napari_ggs.errors import UserError

if TYPE_CHECKING:
    from napari_ggs.store import CaseStore, StoredSlide

app = typer.Typer(
    name="study",
    help="List, check, export and import studies (.ggs): all runs and edits of their slides.",
    no_args_is_help=True,
)
Study = Annotated[Path, typer.Argument(help="The study's file (.ggs).")]


@app.command("list")
def list_slides(study: Study) -> None:
    """List the slides of a study: case, patient, runs, and who has labelled their circles."""
    from napari_ggs.store import CaseStore

    with CaseStore.open(study, create=False) as store:
        for slide in store.slides():
            runs = store.runs(slide.id)
            readers = sorted({who for run in runs for who in store.readers(run.id)})
            console.line(
                f"{slide.name}  case {slide.case}  patient {slide.patient}  "
                f"{len(runs)} run{'' if len(runs) == 1 else 's'}  "
                f"readers: {', '.join(readers) or 'none'}"
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
    """Write a whole study as one text file, names and paths included."""
    from napari_ggs.store import CaseStore, export_study

    with CaseStore.open(study, create=False) as store:
        export_study(store, out)
    console.line(f"Written: {out}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="What export wrote (.jsonl.gz).")],
    into: Annotated[Path, typer.Option(help="The study (.ggs); made if it is not there.")],
) -> None:
    """Add an exported study to another one, which must not have its slides already."""
    from napari_ggs.store import CaseStore, import_study

    with CaseStore.open(into) as store:
        import_study(file, store)
        console.line(f"{into} has {len(store.slides())} slides now.")


@app.command()
def review(
    study: Study,
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    slides: Annotated[
        list[Path] | None,
        typer.Option(help="A folder where slides are that were moved. May be repeated."),
    ] = None,
    written: Annotated[
        Literal["csv", "parquet", "geojson", "imagescope"],
        typer.Option("--format", help="Of the tables."),
    ] = "csv",
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
    it to yourself. Exit code 2 if a slide could not be exported, as where its file is gone or
    readers disagree; the others are.
    """
    from napari_ggs.review.export_study import Wanted, export_slide
    from napari_ggs.review.pseudonyms import Names
    from napari_ggs.store import CaseStore

    picture: Literal["png", "tif"] = "tif" if tiff else "png"
    with CaseStore.open(study, create=False) as store:
        names = Names.of(study, identify)
        cut = picture if patches else None
        wanted = Wanted(out, names, written, leica, cut, tuple(slides or ()), reviewer)
        code = _each(store, lambda slide: export_slide(store, slide, wanted))
    if code:
        raise typer.Exit(code)


def _each(store: "CaseStore", export_one: Callable[["StoredSlide"], str]) -> int:
    """Do something with each slide, print what it says, and go on where it cannot be done."""
    code = 0
    for slide in store.slides():
        try:
            console.line(f"{slide.name}: {export_one(slide)}")
        except UserError as error:
            console.error(f"{slide.name}: {error}")
            code = code or 2
        except Exception as error:
            console.fault(error, slide.name)
            code = 1
    return code
