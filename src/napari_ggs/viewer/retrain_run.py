"""The training that a window follows: begun there, or found in the folder of its study."""

from itertools import count
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from qtpy.QtCore import QObject, QTimer, Signal

from napari_ggs.files import make_folder, replacing
from napari_ggs.training.background import State, TrainingProcess
from napari_ggs.training.options import Options, plan_of

EVERY_MS = 500
OPTIONS, RECORD = ".options.json", ".progress.jsonl"
AS_JSON = TypeAdapter(Options)


class RetrainRun(QObject):
    """Follows one training by its record; it goes on when nobody does.

    Attributes
    ----------
    stepped : Signal
        Emits new steps, a list of `napari_ggs.training.record.Told`.
    ended : Signal
        Emits the `State` in which the training is over.
    """

    stepped = Signal(object)
    ended = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.options: Options | None = None
        self.process: TrainingProcess | None = None
        self.state: State | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.look)

    @property
    def running(self) -> bool:
        """Whether the training goes on."""
        return self._timer.isActive()

    @property
    def can_go_on(self) -> bool:
        """Whether it was cut off or stopped, and what it had is there."""
        cut = self.state is not None and self.state.name in ("stopped", "failed")
        return cut and self.options is not None and self.options.goes_on

    def start(self, options: Options) -> None:
        """Begin a training, or go on with it.

        Raises
        ------
        UserError
            If it cannot begin; see `TrainingProcess.start`.
        """
        plan_of(options)  # what is wrong with it is told at once
        make_folder(options.out.parent)
        with replacing(_options_file(options.out)) as scratch:
            scratch.write_bytes(AS_JSON.dump_json(options))
        self.process = TrainingProcess.start(options)
        self._follow(options)

    def attach(self, folder: Path) -> bool:
        """Follow the latest training in a folder, over or not; whether there is one."""
        for record in sorted(folder.glob(f"*{RECORD}"), key=_age):
            out = record.with_name(f"{record.name.removesuffix(RECORD)}.safetensors")
            options, process = _options_of(out), TrainingProcess.attach(out)
            if options is not None and process is not None:
                self.process = process
                self._follow(options)
                return True
        return False

    def forget(self) -> None:
        """Follow nothing any more; what trains goes on."""
        self._timer.stop()
        self.options = self.process = self.state = None

    def stop(self) -> None:
        """Ask it to end and to keep the best so far."""
        assert self.process is not None
        self.process.stop()

    def _follow(self, options: Options) -> None:
        self.options, self.state = options, State("running")
        self._timer.start()

    def look(self) -> None:
        """Tell what is new since the last time."""
        assert self.process is not None
        state = self.process.state  # asked first: what is told with the end is read after it
        if steps := self.process.steps():
            self.stepped.emit(steps)
        if state.name != "running":
            self._timer.stop()
            self.state = state
            self.ended.emit(state)


def free_name(folder: Path) -> str:
    """A name that no model in a folder has."""
    taken = {path.name.split(".")[0] for path in folder.glob("*.safetensors")}
    names = (f"retrained-{number}" for number in count(1))
    return next(name for name in names if name not in taken)


def _age(path: Path) -> float:
    return -path.stat().st_mtime


def _options_file(out: Path) -> Path:
    """What was wanted of a training, so that another window can go on with it."""
    return out.with_name(f"{out.stem}{OPTIONS}")


def _options_of(out: Path) -> Options | None:
    try:
        return AS_JSON.validate_json(_options_file(out).read_bytes())
    except (OSError, ValidationError):
        return None
