"""How large the tiles of a detector must be: known without its network, so that cards can say."""

import math

OVERLAP_UM = 400.0
"""How far neighbouring tiles overlap; a glomerulus of up to this size is whole in some tile."""

SMALLEST_UM = 500.0
"""Least side of a tile: smaller ones would be nearly all overlap."""


def too_small(mpp: float, input_px: int) -> str:
    """Why tiles of `input_px` px at `mpp` um/px cannot cover a slide; "" if they can."""
    side = mpp * input_px
    if side >= SMALLEST_UM:
        return ""
    return (
        f"tiles of {input_px} px at {mpp:g} um/px are {side:g} um wide, but a detector's must be "
        f"{SMALLEST_UM:g} um at least, since they overlap by {OVERLAP_UM:g} um: give it "
        f"{math.ceil(SMALLEST_UM / mpp)} px or more"
    )
