"""Why the work on a slide failed, in a form that comes back from a worker whole."""

import functools
from collections.abc import Callable
from typing import Literal, ParamSpec, TypeVar

from napari_ggs.errors import UserError

Kind = Literal["user", "passing", "killed", "ours"]
"""user: a person can put it right. passing: it may go by itself, as where storage hiccups.
killed: its workers died. ours: a fault of napari-ggs."""

Given = ParamSpec("Given")
Result = TypeVar("Result")


class WorkFault(Exception):
    """The work on a slide failed; what it was is in plain words, since causes do not travel.

    Attributes
    ----------
    words : str
    kind : {"user", "passing", "ours"}
    """

    def __init__(self, words: str, kind: Kind) -> None:
        super().__init__(words, kind)
        self.words, self.kind = words, kind


def told(work: Callable[Given, Result]) -> Callable[Given, Result]:
    """Let a function raise nothing but `WorkFault`."""

    @functools.wraps(work)
    def tell(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return work(*args, **kwargs)
        except Exception as error:
            raise fault_of(error) from error

    return tell


def fault_of(error: Exception) -> WorkFault:
    """What an error is to the work on a slide."""
    if isinstance(error, WorkFault):
        return error
    words = " ".join(str(error).split())
    if _of_the_system(error) or _of_the_system(error.__cause__):
        return WorkFault(words, "passing")
    if isinstance(error, UserError):
        return WorkFault(words, "user")
    if isinstance(error, MemoryError):
        return WorkFault(f"there was not enough memory ({words})", "passing")
    return WorkFault(f"a fault of napari-ggs, not yours: {type(error).__name__}: {words}", "ours")


def _of_the_system(error: BaseException | None) -> bool:
    """Whether storage or network failed, rather than that something is not there or forbidden."""
    lasting = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError)
    return isinstance(error, OSError) and error.errno is not None and not isinstance(error, lasting)
