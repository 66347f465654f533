"""What each worker gets as soon as it is there, above all the models: their files, once.

So a worker needs no path of ours, one that comes later gets them too, and what it loads is what the
driver has, to the byte. They lie in the worker's own folder, which goes with it. Only a worker that
has them is sent parts, one at a time: they are a resource of which it has one.
"""

import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from distributed import Status, WorkerPlugin

from napari_ggs import __version__
from napari_ggs.cohort import holding
from napari_ggs.cohort.work import Bundle
from napari_ggs.errors import UserError

if TYPE_CHECKING:
    from distributed import Worker

FOLDER = "napari-ggs-models"


def resource(key: str) -> str:
    """What a worker has that has the models of this key (`Work.models_key`)."""
    return f"{FOLDER}-{key}"


class ModelFiles(WorkerPlugin):
    """Puts the files of models where a worker finds them.

    Parameters
    ----------
    bundle : Bundle
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.name = resource(bundle.key)
        self.version = __version__

    async def setup(self, worker: "Worker") -> None:
        """Write the files as a worker comes, and let the scheduler know that it has them."""
        if self.version != __version__:
            raise UserError(
                f"the worker {worker.address} has napari-ggs {__version__}, and the command "
                f"{self.version}: let both have the same"
            )
        unpack(self.bundle, Path(worker.local_directory) / FOLDER)
        await worker.set_resources(**{self.name: 1})
        # The scheduler looks for parts that nobody could take as a worker comes, which was before
        # it had the models, or as it goes on after a pause.
        worker.status = Status.paused
        worker.status = Status.running


class Unmoved(WorkerPlugin):
    """Lets the workers of this machine be unmoved by Ctrl+C, which a terminal tells to all of its
    processes: the driver ends them."""

    name = "napari-ggs-unmoved"

    def setup(self, worker: "Worker") -> None:  # noqa: ARG002  as dask calls it
        """Ignore SIGINT, as a worker comes."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def unpack(bundle: Bundle, folder: Path) -> None:
    """Write the files below a folder, and let this process know."""
    place = folder / bundle.key
    shutil.rmtree(place, ignore_errors=True)
    for name, content in bundle.files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    holding.folders[bundle.key] = place
