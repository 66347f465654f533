"""Where a slide is: a path, or the address of an OME-Zarr on the network."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ggs.slides.errors import SlideError

if TYPE_CHECKING:
    from zarr.abc.store import Store

_ADDRESS = re.compile(r"(https?|s3):/+(.+)")
SECONDS = 30
"""After which a server that does not answer counts as gone."""


def address_of(path: str | Path) -> str | None:
    """Return the network address that `path` is, or None.

    A `Path` has made one slash of two, so ``https:/host/slide.ome.zarr`` is an address too: this
    is how `Slide.path` holds it.
    """
    text = path if isinstance(path, str) else path.as_posix()
    found = _ADDRESS.fullmatch(text)
    return f"{found[1]}://{found[2]}" if found else None


def absolute(path: str | Path) -> Path:
    """Return a path that another process finds, or an address as it is."""
    address = address_of(path)
    return Path(path).absolute() if address is None else Path(address)


def is_zarr(path: Path) -> bool:
    """Whether a path is an address, or a folder with the files of a Zarr group."""
    if address_of(path):
        return True
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zattrs"))


def zarr_store(path: Path) -> "Store":
    """Open the Zarr store at a path or address, for reading.

    Raises
    ------
    SlideError
        If the packages that reach an address are not installed.
    """
    from zarr.storage import FsspecStore, LocalStore

    address = address_of(path)
    if address is None:
        return LocalStore(path, read_only=True)
    try:
        return FsspecStore.from_url(address, _patience(address), read_only=True)
    except ImportError as error:
        raise SlideError(
            f"{address} is on the network, and what reads that is not installed: "
            f"python -m pip install 'napari-ggs[remote]'."
        ) from error


def _patience(address: str) -> dict[str, Any]:
    """Options that end a request after `SECONDS`."""
    if address.startswith("s3:"):
        waits = {"connect_timeout": SECONDS, "read_timeout": SECONDS}
        return {"config_kwargs": waits | {"retries": {"max_attempts": 2}}}
    from aiohttp import ClientTimeout

    return {"client_kwargs": {"timeout": ClientTimeout(total=SECONDS)}}
