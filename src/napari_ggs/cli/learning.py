"""Commands for taking a better model into use: compare, models use, history and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from napari_ggs import console
from napari_ggs.cli.options import Device, MovedSlides

if TYPE_CHECKING:
    from napari_ggs.evaluation.gate import Judgement
    from napari_ggs.review.trial import Trial

Task = Annotated[
    Literal["detection", "classification"], typer.Argument(help="What the model is for.")
]


def compare(
    old: Annotated[str, typer.Argument(help="The model in use: its name or file.")],
    new: Annotated[str, typer.Argument(help="The one that may be better: its name or file.")],
    study: Annotated[Path, typer.Option(help="The study (.ggs) with reviewed slides.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the table.", show_default="none is written")
    ] = None,
    slides: MovedSlides = None,
    device: Device = "auto",
) -> None:
    """Say whether a new model is better than an old one, on patients that neither has seen.

    Patients of the study take part who are reviewed in full, or by a finished audit, and who had
    no part in either model or what it grew from. The verdict is by a sign-flip test over patients
    (one-sided, p below 0.025 divided by how often these patients were used before), and no class
    may be worse by more than 0.05. The comparison is kept in the study; asking again for the same
    two on the same circles gives the same verdict and spends nothing.
    """
    from napari_ggs.models import find
    from napari_ggs.review.trial import prepare
    from napari_ggs.review.verdict import figures_table, sentences, write_judgement
    from napari_ggs.store import CaseStore
    from napari_ggs.store.slides import told_unassigned

    with CaseStore.open(study, create=False) as store:
        trial = prepare(store, find(old), find(new))
        if unassigned := told_unassigned(one.slide for one in trial.held_out.slides):
            console.line(unassigned)
        if left_out := trial.held_out.why_not():
            console.line(f"Patients: {len(trial.held_out.patients)} take part; {left_out}.")
        if trial.known() is not None:
            console.line("They were compared on these circles before: this is what came of it.")
        found = _run(trial, tuple(slides or ()), device)
    for sentence in sentences(found, *trial.names):
        console.line(sentence)
    console.line(figures_table(found).round(3).to_string(index=False, na_rep=""))
    better = found.verdict == "better"
    console.line("Next, to take it into use:" if better else "To take it into use all the same:")
    console.line(f"  napari-ggs models use {new}{'' if better else ' --override REASON'}")
    if out is not None:
        for path in write_judgement(found, _about(trial), out):
            console.line(f"Written: {path}")


def _run(trial: "Trial", folders: tuple[Path, ...], device: Device) -> "Judgement":
    """Compare with a progress bar; Ctrl+C stops before anything is spent, with exit code 130."""
    from napari_ggs.batch import CANCELLED
    from napari_ggs.review.work import CancelledError, Work

    try:
        with console.progress("Comparing") as advance, console.interruptible() as stopped:
            return trial.run(_who(), device, Work(folders, advance, stopped))
    except CancelledError:
        console.error("Stopped: the models were not compared, and nothing was spent.")
        raise typer.Exit(CANCELLED) from None


def _about(trial: "Trial") -> dict[str, object]:
    left_out = {reason: len(who) for reason, who in trial.held_out.excluded.items()}
    return {"task": trial.task, "models": trial.about(), "left_out": left_out}


def use(
    model: Annotated[str, typer.Argument(help="Its name or file.")],
    override: Annotated[
        str,
        typer.Option(help="Why to take it although no comparison found it better: a sentence."),
    ] = "",
) -> None:
    """Take a model into use: it is the one where no other is named, until another is chosen.

    It must have been found better than the one in use (compare), or there is a reason, which is
    kept. The model is copied to the user's data folder (NAPARI_GGS_MODELS names another one).
    """
    from napari_ggs.models import find, verify
    from napari_ggs.models.choosing import choose

    verify(model)
    choice = choose(find(model), _who(), override)
    console.line(
        f"{choice.name} is in use for {choice.task} now: for slides that are run from now on. "
        f"napari-ggs models back {choice.task} takes the one before."
    )


def history(task: Task) -> None:
    """List the models that were in use for a task, the present one last.

    Each line is: number (for models back --to), name, SHA-256, since when, by whom and why, file.
    """
    from napari_ggs.models import choosing

    for place, choice in enumerate(choosing.history(task)):
        console.line(f"{place}  {choice.name}  {choice.sha256[:12]}  {choice.told}  {choice.path}")


def back(
    task: Task,
    to: Annotated[
        int | None,
        typer.Option(help="Its number in models history.", show_default="the one before"),
    ] = None,
) -> None:
    """Go back to an earlier model; --to 0 is the one that comes with napari-ggs.

    Going back is written down too: models history lists it, and the way forth stays open.
    """
    from napari_ggs.models.choosing import go_back

    choice = go_back(task, _who(), to)
    console.line(f"{choice.name} is in use for {choice.task} again.")


def _who() -> str:
    """The name of the computer's user."""
    import getpass

    return getpass.getuser()
