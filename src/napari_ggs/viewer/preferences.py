"""What a person sets once, in napari's preferences under Glomerulosclerosis."""

import getpass
from pathlib import Path
from typing import Any

import platformdirs
from napari.settings import get_plugin_settings

PLUGIN = "napari-ggs"


def reviewer() -> str:
    """The name under which edits are kept; the computer's user if none is set."""
    return _review().reviewer.strip() or getpass.getuser()


def set_reviewer(name: str) -> None:
    """Keep another name from now on."""
    _review().reviewer = name.strip()


def study_file() -> Path:
    """The file that keeps runs and edits; one in the user's data folder if none is set."""
    chosen = _review().study.strip()
    return Path(chosen).expanduser() if chosen else default_study()


def default_study() -> Path:
    """Where a study is kept if nobody says otherwise."""
    return platformdirs.user_data_path(PLUGIN) / "study.ggs"


def set_study_file(path: Path) -> None:
    """Keep another study from now on."""
    _review().study = str(path)


def _review() -> Any:
    return get_plugin_settings(PLUGIN).review
