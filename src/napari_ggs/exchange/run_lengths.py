"""COCO's run lengths: masks as the lengths of alternate runs of 0 and 1, column by column."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def decoded(segmentation: Mapping[str, Any]) -> NDArray[np.bool_]:
    """The mask, shape (height, width).

    Parameters
    ----------
    segmentation : mapping
        ``size``: height and width; ``counts``: the lengths, as a list or as COCO's text.

    Raises
    ------
    ValueError
        If the runs do not fill the mask.
    """
    height, width = segmentation["size"]
    counts = segmentation["counts"]
    lengths = _lengths(counts) if isinstance(counts, str) else list(counts)
    if sum(lengths) != height * width or min(lengths, default=0) < 0:
        raise ValueError(f"runs of {sum(lengths)} px do not fill {width} x {height} px")
    flat = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    return flat.reshape(width, height).T


def _lengths(text: str) -> list[int]:
    """Undo COCO's text: five bits a character, the third and later numbers as differences."""
    lengths: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
            value = shift = 0
    return lengths
