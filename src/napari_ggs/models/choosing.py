"""Which model is in use for each task: choosing another one, and going back.

What was decided is listed in `napari_ggs.models.decisions`. A chosen model is copied beside that
list, so that one can go back to it whatever becomes of the file that it came from.
"""

import hashlib
import shutil
from pathlib import Path

from napari_ggs.files import explained, make_folder, scratch_folder
from napari_ggs.models import decisions
from napari_ggs.models.card import ModelError, Task
from napari_ggs.models.decisions import Choice, Why
from napari_ggs.models.embedded import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR, WEIGHTS
from napari_ggs.models.finding import Found, card_path, find, members_of

BETTER = "better"


def in_use(task: Task) -> str:
    """Name or path of the model to take where nobody names one.

    Raises
    ------
    ModelError
        If it was chosen and its file is gone or was changed, or the list cannot be read.
    """
    choice = history(task)[-1]
    if not choice.at:
        return choice.path
    try:
        intact = find(choice.path, task).card.sha256 == choice.sha256
    except ModelError:
        intact = False
    if not intact:
        raise ModelError(
            f"The model in use, {choice.name}, is not as it was chosen any more ({choice.path}): "
            f"choose another, or go back with 'napari-ggs models back {task}'."
        )
    return choice.path


def history(task: Task) -> list[Choice]:
    """The models that were in use, the present one last; the first comes with napari-ggs."""
    default = DEFAULT_DETECTOR if task == "detection" else DEFAULT_CLASSIFIER
    first = Choice(task, default, find(default).card.sha256, default, "back")
    return [first, *decisions.choices(task)]


def note_verdict(old: Found, new: Found, verdict: str, p: float, study: Path, who: str) -> None:
    """Write down what a comparison said of a new model beside an old one."""
    told = {"verdict": verdict, "p": p, "study": str(study), "who": who}
    decisions.add_verdict(old.card.sha256, new.card.sha256, **told)


def choose(model: Found, who: str, override: str = "") -> Choice:
    """Take a model into use, from now on.

    Parameters
    ----------
    model : Found
    who : str
    override : str
        Why to take it although no comparison found it better than the one in use.

    Raises
    ------
    ModelError
        If it is in use already, or is only a part of another one; or no comparison found it
        better and there is no reason.
    UserError
        If it cannot be kept.
    """
    card = model.card
    now = history(card.task)[-1]
    if card.sha256 == now.sha256:
        raise ModelError(f"The model {card.name} is in use for {card.task} already.")
    if card.is_child:
        raise ModelError(f"{card.name} is a child of a hierarchy: choose the hierarchy (.json).")
    proved = decisions.verdicts(now.sha256, card.sha256)[-1:] == [BETTER]
    if not proved and not override.strip():
        raise ModelError(
            f"No comparison has found {card.name} better than {now.name}, which is in use: compare "
            "them with 'napari-ggs compare', or give a reason to take it all the same (--override)."
        )
    why: Why = "better" if proved else "override"
    kept = str(_kept(model)) if model.path.parent != WEIGHTS else card.name
    reason = "" if proved else override.strip()
    return decisions.add_choice(
        Choice(card.task, card.name, card.sha256, kept, why, reason, who, decisions.now())
    )


def go_back(task: Task, who: str, to: int | None = None) -> Choice:
    """Take an earlier model into use again.

    Parameters
    ----------
    task : {"detection", "classification"}
    who : str
    to : int, optional
        Its place in `history`, from 0. By default the one that the present one took the place of:
        going back again goes further back.

    Raises
    ------
    ModelError
        If there is none, or its file is gone.
    """
    past = history(task)
    place = _before(past) if to is None else to
    if not 0 <= place < len(past) - 1:
        raise ModelError(
            f"There is no earlier model for {task} to go back to"
            + (f" at {to}: choose one of 0 to {len(past) - 2}." if len(past) > 1 else ".")
        )
    earlier = past[place]
    find(earlier.path, task)
    return decisions.add_choice(
        Choice(task, earlier.name, earlier.sha256, earlier.path, "back", "", who, decisions.now())
    )


def _before(past: list[Choice]) -> int:
    """Place of the choice that the present one took the place of; -1 if it is the first."""
    line: list[int] = []
    for place, choice in enumerate(past):
        earlier = [i for i in line if past[i].sha256 == choice.sha256]
        if choice.why == "back" and earlier:
            del line[line.index(earlier[-1]) :]
        line.append(place)
    return line[-2] if len(line) > 1 else -1


def _kept(model: Found) -> Path:
    """Copy a model and its members into a folder of its own; its file there."""
    about = hashlib.sha256(card_path(model.path).read_bytes()).hexdigest()
    folder = make_folder(decisions.home()) / f"{model.card.sha256[:16]}-{about[:8]}"
    if not folder.exists():
        with explained(folder), scratch_folder(folder) as scratch:
            new = make_folder(scratch / "new")
            for file in files_of(model):
                shutil.copyfile(file, new / file.name)
            new.replace(folder)
    return folder / model.path.name


def files_of(model: Found) -> list[Path]:
    """The files of a model and of its members: weights and cards."""
    if not model.card.composite:
        return [model.path, card_path(model.path)]
    return [model.path, *(file for member in members_of(model) for file in files_of(member))]
