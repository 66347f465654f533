"""Commands for studies: list, verify, export, import."""

from pathlib import Path
from typing import Annotated

import typer

from napari_ggs import console

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
