"""What can be wrong with a slide."""

from napari_ggs.errors import UserError


class SlideError(UserError):
    """A slide that cannot be opened or read, or that lacks what was asked of it."""


class TileError(Exception):
    """One tile cannot be decoded; the rest of the slide may be sound."""
