"""What a person can do to the circles of a slide: small facts that can be kept and undone.

Circles are named by their handles, the index of the Glomeruli table.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Labelled:
    """A person gave circles a class.

    Attributes
    ----------
    handles : tuple of int
    label : str
        A class of the scheme; "" takes the label back, so that the prediction holds again.
    """

    handles: tuple[int, ...]
    label: str


@dataclass(frozen=True)
class Removed:
    """A person took circles out (duplicate, misplaced): neither counted nor trained on."""

    handles: tuple[int, ...]


@dataclass(frozen=True)
class Restored:
    """Removed circles are back: what undoes `Removed`."""

    handles: tuple[int, ...]


Event = Labelled | Removed | Restored
