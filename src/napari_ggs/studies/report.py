"""The report of a study: the paper's table beside ours, figures, and where they come from."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from napari_ggs.evaluation import markdown, write_table
from napari_ggs.evaluation.drawing import save
from napari_ggs.files import make_folder, replacing
from napari_ggs.studies.scales import Scale
from napari_ggs.training.recipe import command_line


class Report:
    """Gathers the sections of a study and writes ``report.md``, its tables and its pictures.

    Parameters
    ----------
    title : str
    folder : Path
    about : str
        What was done, and on which data.
    scale : Scale
    """

    def __init__(self, title: str, folder: Path, about: str, scale: Scale) -> None:
        self._folder = make_folder(folder)
        self._parts = [f"# {title}\n\n{about}\n\n{_provenance()}\n\n{_runs(scale)}\n"]

    def paper(self, heading: str, table: pd.DataFrame) -> None:
        """A table as the paper prints it."""
        self._parts.append(f"## {heading}\n\n{markdown(table)}")

    def ours(self, heading: str, table: pd.DataFrame, name: str) -> None:
        """A table of ours; also written as ``name.csv``."""
        write_table(table, self._folder / name)
        self._parts.append(f"## {heading}\n\n{markdown(table)}")

    def data(self, table: pd.DataFrame, name: str) -> None:
        """A long table that stands in files only."""
        write_table(table, self._folder / name)

    def picture(self, figure: Figure, name: str, caption: str) -> None:
        """A picture, with its caption."""
        save(figure, self._folder / f"{name}.png")
        self._parts.append(f"![{caption}]({name}.png)\n\n{caption}\n")

    def write(self) -> Path:
        """Write ``report.md`` and return it."""
        path = self._folder / "report.md"
        with replacing(path) as scratch:
            scratch.write_text("\n".join(self._parts), encoding="utf-8")
        return path


def _runs(scale: Scale) -> str:
    pairs = ", ".join(f"fold {fold} with seed {seed}" for fold, seed in scale.runs)
    alone = len({seed for _, seed in scale.runs}) == len(scale.runs)
    repeat = "one fold, tested on its patients" if alone else "all folds together"
    return (
        f"Scale {scale.name}, {scale.folds} folds of patients. Runs: {pairs}. A repeat is what one "
        f"seed trained: {repeat}."
    )


def _provenance() -> str:
    """Command, date, machine and versions."""
    made = datetime.now(UTC).strftime("%Y-%m-%d")
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {version(name)}" for name in ("napari-ggs", "torch", "timm")]
    return f"`{command_line()}`, {made}, {machine}, {', '.join(versions)}"
