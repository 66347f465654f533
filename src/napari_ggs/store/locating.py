"""Finding the file of a slide that a study knows, also where it was moved or renamed."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from pathlib import Path

from napari_ggs.slides import Slide, SlideError, open_slide
from napari_ggs.slides.locations import address_of, is_zarr
from napari_ggs.store.slides import StoredSlide


def open_stored(stored: StoredSlide, folders: Sequence[Path] = ()) -> Slide:
    """Open a slide of a study: where it was seen last, else from one of the folders.

    There it is looked for by its name, then by its content in every file below them, whatever
    that is called. Another slide of the same name is not taken for it.

    Raises
    ------
    SlideError
        If no file there has its content.
    """
    named = (stored.path, *(folder / stored.path.name for folder in folders))
    for place in chain(filter(_may_be_there, named), _below(folders, stored.path.suffix)):
        with suppress(SlideError, OSError):  # no slide, a damaged one, or one that may not be read
            if _content(place) == stored.fingerprint:
                return open_slide(place, stored.mpp)
    looked = " or below ".join(map(str, (stored.path, *folders)))
    raise SlideError(
        f"No file with the content of the slide {stored.name} is at {looked}: open it in the "
        "window once, or name the folder that holds it (--slides of a command, 'Slides were moved' "
        "in the Retrain dock)."
    )


def _may_be_there(place: Path) -> bool:
    return address_of(place) is not None or place.exists()


def _below(folders: Sequence[Path], suffix: str) -> Iterator[Path]:
    """The files below folders and OME-Zarrs as wholes, those with the slide's suffix first."""
    found = [place for folder in folders for place in _places(folder)]
    yield from sorted(found, key=lambda place: (place.suffix.lower() != suffix.lower(), place))


def _places(folder: Path) -> Iterator[Path]:
    for here, below, files in os.walk(folder):
        place = Path(here)
        if is_zarr(place):
            below.clear()
            yield place
        else:
            yield from (place / name for name in files)


def _content(place: Path) -> str:
    """The fingerprint of the slide there."""
    if address_of(place) is not None:  # there is no telling whether it changed
        with open_slide(place) as slide:
            return slide.fingerprint
    state = place.stat()
    return _fingerprint(place, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4096)
def _fingerprint(place: Path, changed: int, size: int) -> str:  # noqa: ARG001  so is it known anew
    """Of a slide, read once as long as its file does not change: a study has many slides."""
    with open_slide(place) as slide:
        return slide.fingerprint
