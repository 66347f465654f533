"""Class names of other people's files: matched by name, never by index, and never guessed."""

from collections.abc import Mapping
from pathlib import Path

from napari_ggs.errors import UserError
from napari_ggs.lesions import SCHEMES, Lesion

GLOMERULUS = "glomerulus"
"""What foreign files call a glomerulus whose class nobody gave; "" in our tables."""

LESIONS: dict[str, Lesion] = {
    lesion.name: lesion for scheme in SCHEMES.values() for lesion in scheme.lesions
}
"""Every class of every scheme, by name."""


def _plain(name: str) -> str:
    """A name without what files differ in: case, hyphens, underscores, spaces."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


_KNOWN = {_plain(name): name for name in LESIONS} | {"": "", "glomerulus": "", "glomeruli": ""}


def known(name: str) -> bool:
    """Whether a name is that of a class, or says no more than "glomerulus"."""
    return _plain(name) in _KNOWN


def is_class(name: str) -> bool:
    """Whether a name is that of a class."""
    return bool(_KNOWN.get(_plain(name)))


def class_of(name: str, renamed: Mapping[str, str], path: Path) -> str | None:
    """The class that a file means by a name.

    Parameters
    ----------
    name : str
        As it stands in the file.
    renamed : mapping of str to str
        Names of the file to class names, to "glomerulus" (no class given) or to "" (no circle of
        ours: leave it out).
    path : Path
        The file, for the message.

    Returns
    -------
    str or None
        A class name, "" where none is given, None for what is to be left out.

    Raises
    ------
    UserError
        If the name, or what it is renamed to, is none of any scheme.
    """
    meant = renamed.get(name, name)
    if name in renamed and not meant:
        return None
    if known(meant):
        return _KNOWN[_plain(meant)]
    if name in renamed:
        raise UserError(
            f"The class {name!r} is to become {meant!r}, which is none of {_expected()}."
        )
    raise UserError(
        f"{path} names the class {name!r}; expected one of {_expected()}. Say what it is with "
        f"--map '{name}=CLASS', or with --map '{name}=' to leave it out (in a recipe: classes)."
    )


def _expected() -> str:
    return ", ".join([*LESIONS, GLOMERULUS])
