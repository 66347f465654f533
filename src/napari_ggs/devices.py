"""Where networks compute, chosen in one way for training and for whoever uses a model, and how.

Without torch until it is asked, since the command line knows the choices too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from napari_ggs.errors import UserError

if TYPE_CHECKING:
    import torch

DeviceName = Literal["auto", "cpu", "cuda"]


def device_of(wanted: DeviceName) -> "torch.device":
    """The device of a name; "auto" takes a GPU if there is one.

    Raises
    ------
    UserError
        If "cuda" is asked for where there is no GPU to be had.
    """
    import torch

    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise UserError(
            "A GPU is asked for (cuda), but PyTorch finds none: use --device auto or cpu, or "
            "install a build of PyTorch that fits the GPU and its driver."
        )
    return torch.device("cuda" if there and wanted != "cpu" else "cpu")


@contextmanager
def inference() -> Iterator[None]:
    """No gradients; on a GPU whole single precision and the same sums each time, as on a CPU."""
    import torch
    from torch.backends import cudnn

    exact = cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with torch.inference_mode(), exact:
        yield
