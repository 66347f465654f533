"""Class schemes of glomerular lesions: names, order, keys, colours, which are sclerotic.

The only place that lists classes. Everything else asks a `Scheme` and speaks of classes by
name, because the sources number them differently.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

NON_GLOMERULUS = "non-glomerulus"


@dataclass(frozen=True)
class Lesion:
    """One class of a scheme.

    Attributes
    ----------
    name : str
        The class name, as it stands in every table and file.
    letter : str
        One character that tells the class without colour.
    colour : str
        Hexadecimal RGB. The colours of a scheme differ under the common forms of
        colour blindness (after Okabe and Ito) and from PAS magenta.
    sclerotic : bool
        Whether the class counts as globally sclerotic.
    shown_as : str
        What people read. "normal" is a statement about *global* sclerosis only, since
        the papers left segmental lesions out.
    """

    name: str
    letter: str
    colour: str
    sclerotic: bool = False
    shown_as: str = ""

    @property
    def title(self) -> str:
        """What people read in windows and pictures."""
        return self.shown_as or self.name

    @property
    def column(self) -> str:
        """The name of the class's probability column (``p_...``)."""
        return "p_" + self.name.replace("-", "_").replace(" ", "_")


@dataclass(frozen=True)
class Scheme:
    """An ordered set of lesion classes; non-glomerulus, where there is one, is last."""

    name: str
    lesions: tuple[Lesion, ...]

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Class names in order; keys 1..n follow it."""
        return tuple(lesion.name for lesion in self.lesions)

    @cached_property
    def glomerular(self) -> tuple[str, ...]:
        """The classes that are glomeruli, in order."""
        return tuple(name for name in self.classes if name != NON_GLOMERULUS)

    @cached_property
    def sclerotic(self) -> tuple[str, ...]:
        """The globally sclerotic classes, in order."""
        return tuple(lesion.name for lesion in self.lesions if lesion.sclerotic)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Probability columns in class order."""
        return tuple(lesion.column for lesion in self.lesions)

    @property
    def can_filter(self) -> bool:
        """Whether the scheme has a class for what is not a glomerulus."""
        return NON_GLOMERULUS in self.classes

    def __getitem__(self, name: str) -> Lesion:
        for lesion in self.lesions:
            if lesion.name == name:
                return lesion
        known = ", ".join(self.classes)
        raise KeyError(f"{name!r} is no class of the scheme {self.name!r}; its classes: {known}.")

    def __contains__(self, name: object) -> bool:
        return name in self.classes


_NORMAL = Lesion("normal", "N", "#009E73", shown_as="not globally sclerotic")
_PERIGLOMERULAR = Lesion("periglomerular fibrosis", "P", "#56B4E9")
_OBSOLESCENT = Lesion("obsolescent", "O", "#E08000", sclerotic=True)
_SOLIDIFIED = Lesion("solidified", "S", "#0072B2", sclerotic=True)
_DISAPPEARING = Lesion("disappearing", "D", "#F0E442", sclerotic=True)
_NON_GLOMERULUS = Lesion(NON_GLOMERULUS, "×", "#333333")

GGS = Scheme("ggs", (_NORMAL, _OBSOLESCENT, _SOLIDIFIED, _DISAPPEARING, _NON_GLOMERULUS))
"""The default: the GGS paper's classes (Lu et al. 2021)."""

CIRCLEMIX = Scheme(
    "circlemix", (_NORMAL, _PERIGLOMERULAR, _OBSOLESCENT, _SOLIDIFIED, _DISAPPEARING)
)
"""The CircleMix paper's classes: no non-glomerulus, so it cannot filter."""

BINARY = Scheme(
    "binary",
    (
        Lesion("non-sclerotic", "N", "#009E73", shown_as="not globally sclerotic"),
        Lesion("sclerotic", "S", "#E08000", sclerotic=True),
    ),
)
"""Sclerotic = obsolescent + solidified + disappearing."""

SCHEMES = {scheme.name: scheme for scheme in (GGS, CIRCLEMIX, BINARY)}


def scheme_of(classes: Iterable[str]) -> Scheme:
    """Return the named scheme with exactly these classes in this order.

    Raises
    ------
    ValueError
        If no scheme has them; the message lists the schemes there are.
    """
    wanted = tuple(classes)
    for scheme in SCHEMES.values():
        if scheme.classes == wanted:
            return scheme
    known = "; ".join(f"{s.name}: {', '.join(s.classes)}" for s in SCHEMES.values())
    raise ValueError(f"No class scheme is made of {', '.join(wanted)}. Known schemes: {known}.")


def part_of(classes: Iterable[str]) -> Scheme:
    """Return the scheme with exactly these classes in this order, or the part of a scheme.

    A child of a hierarchy knows two or more of a scheme's classes, and not all.

    Raises
    ------
    ValueError
        If no scheme has them; the message lists the schemes there are.
    """
    wanted = tuple(classes)
    for scheme in SCHEMES.values():
        part = tuple(lesion for lesion in scheme.lesions if lesion.name in wanted)
        if 1 < len(part) < len(scheme.lesions) and wanted == tuple(each.name for each in part):
            return Scheme(f"part of {scheme.name}", part)
    return scheme_of(wanted)


def translated(name: str, scheme: Scheme) -> str | None:
    """Return what a class of any scheme is called in another one.

    A class that the scheme lacks takes the name of the one that is as sclerotic: obsolescent,
    solidified and disappearing are "sclerotic" in the binary scheme, and periglomerular fibrosis
    is "normal" in the GGS paper's. Non-glomerulus has no place in a scheme without it: None.

    Raises
    ------
    ValueError
        If no scheme has the class, or several classes of the scheme would do.
    """
    if name in scheme:
        return name
    lesion = next((other[name] for other in SCHEMES.values() if name in other), None)
    if lesion is None:
        raise ValueError(f"{name!r} is no class; {scheme.name}: {', '.join(scheme.classes)}")
    if name == NON_GLOMERULUS:
        return None
    alike = [c for c in scheme.glomerular if scheme[c].sclerotic == lesion.sclerotic]
    if len(alike) > 1:
        raise ValueError(f"{name!r} is too coarse; it may be any of {', '.join(alike)}")
    return alike[0]
