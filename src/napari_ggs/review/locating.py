"""Finding the file of a slide that a study knows, also where it was moved to."""

from collections.abc import Sequence
from pathlib import Path

from napari_ggs.slides import Slide, SlideError, open_slide
from napari_ggs.store import StoredSlide


def open_stored(stored: StoredSlide, folders: Sequence[Path] = ()) -> Slide:
    """Open a slide of a study: where it was seen last, else by that name in one of the folders.

    Raises
    ------
    SlideError
        If no file there has its content, or the file cannot be opened.
    """
    places = [stored.path, *(folder / stored.path.name for folder in folders)]
    for place in filter(Path.exists, places):
        slide = open_slide(place, stored.mpp)
        if slide.fingerprint == stored.fingerprint:
            return slide
        slide.close()
    looked = " or ".join(str(place) for place in places)
    raise SlideError(
        f"No file with the content of the slide {stored.name} is at {looked}: give the folder that "
        "holds it with --slides."
    )
