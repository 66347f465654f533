"""Pixels on disk that look like an array: memory holds as many of them as it has room for."""

from collections.abc import Iterable
from tempfile import TemporaryFile

import numpy as np
from platformdirs import user_cache_path

from napari_ggs.files import explained, make_folder
from napari_ggs.training.augment import Images


def mapped(images: Iterable[Images], side: int) -> Images:
    """Write images to a file without a name in the user's cache folder and map it into memory.

    The file is gone with the array.

    Parameters
    ----------
    images : iterable of ndarray of uint8, shape (side, side, 3)
        Drawn one at a time.
    side : int

    Returns
    -------
    ndarray of uint8, shape (n, side, side, 3)
        Read-only.

    Raises
    ------
    UserError
        If the disk is full or the folder cannot be written to.
    """
    folder = make_folder(user_cache_path("napari-ggs"))
    with explained(folder), TemporaryFile(dir=folder) as file:
        for image in images:
            file.write(image.tobytes())
        file.flush()
        if not file.tell():
            return np.empty((0, side, side, 3), np.uint8)
        return np.asarray(np.memmap(file, np.uint8, "r")).reshape(-1, side, side, 3)
