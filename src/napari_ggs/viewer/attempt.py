"""Edits that may fail, because the study's file is full, locked or gone."""

from collections.abc import Callable

from napari.utils.notifications import show_error

from napari_ggs.errors import UserError


def attempt(edit: Callable[[], object]) -> bool:
    """Do an edit; say on the screen why it could not be kept. Whether it was."""
    try:
        edit()
    except UserError as fault:
        show_error(str(fault))
        return False
    return True
