"""The log of a training: a CSV file and, where TensorBoard is installed, its event files."""

import csv
import math
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ggs.files import explained, replacing

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def log_path(model: Path) -> Path:
    """The log of a model's training: ``m.safetensors`` has ``m.log.csv``."""
    return model.with_name(f"{model.stem}.log.csv")


class TrainingLog:
    """One row for each step; a training that goes on from an earlier step goes on in it.

    TensorBoard's event files are in the folder of the same name without ``.csv``.

    Parameters
    ----------
    path : Path
        The CSV file. Rows that an earlier, interrupted run wrote from the first new step on are
        dropped: write a step's row before its state is saved, and none is missing or twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._columns: list[str] = []
        self._events: SummaryWriter | None = None

    def row(self, step: int, **values: float) -> None:
        """Add a step: the same names each time, NaN where there is no value.

        Raises
        ------
        UserError
            If the file cannot be written.
        """
        if not self._columns:
            self._begin(step, ["step", *values])
        fields = {"step": str(step)} | {name: _written(value) for name, value in values.items()}
        with explained(self.path), self.path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self._columns, lineterminator="\n").writerow(fields)
        if self._events is not None:
            _show(self._events, step, values)

    def _begin(self, step: int, columns: list[str]) -> None:
        self._columns = columns
        kept = [columns, *self._rows_before(step)]
        with replacing(self.path) as scratch, scratch.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(kept)
        if find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            self._events = SummaryWriter(str(self.path.with_suffix("")), purge_step=step)

    def _rows_before(self, step: int) -> list[list[str]]:
        """Whole rows of earlier steps, if the file has these columns."""
        if not self.path.is_file():
            return []
        with self.path.open(newline="", encoding="utf-8", errors="replace") as file:
            header, *rows = list(csv.reader(file)) or [[]]
        if header != self._columns:
            return []
        whole = (row for row in rows if len(row) == len(header) and row[0].isdecimal())
        return [row for row in whole if int(row[0]) < step]


def _written(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))


def _show(events: "SummaryWriter", step: int, values: Mapping[str, float]) -> None:
    for name, value in values.items():
        if not math.isnan(value):
            events.add_scalar(name, value, step)
    events.flush()
