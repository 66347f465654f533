"""Recipes: TOML files that say how a model is trained. Unknown or wrong entries are refused."""

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from napari_ggs.devices import DeviceName
from napari_ggs.errors import UserError

RECIPES = Path(__file__).parent / "recipes"


PRIVATE = ("--study", "--slides", "--patches", "--leave-out", "--reviewer")
"""Options whose values may name a patient or a person: they do not go into a model's card."""


def command_line() -> str:
    """The command that is running, as a person would type it, without what may name people."""
    name = Path(sys.argv[0]).name
    words = ["napari-ggs" if name == "__main__.py" else name, *sys.argv[1:]]
    hidden = [before in PRIVATE for before in ["", *words]]
    shown = ("..." if hides else word for hides, word in zip(hidden, words, strict=False))
    return " ".join(_without_value(word) for word in shown)


def _without_value(word: str) -> str:
    option, equals, _ = word.partition("=")
    return f"{option}=..." if equals and option in PRIVATE else word


class RecipeError(UserError):
    """A recipe that is missing or does not say what it must."""


class Section(BaseModel):
    """A table of a recipe; entries that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Optimiser(Section):
    """How the weights move."""

    name: Literal["adam", "sgd"] = "adam"
    lr: PositiveFloat = 1e-4
    weight_decay: float = Field(default=0.0, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)


class Augmentation(Section):
    """How far images are varied; see `napari_ggs.training.augment`. 0 switches one off.

    Attributes
    ----------
    stain : float
        Strength of the changes of stain concentrations and vectors in optical density; 1 is
        strong: another laboratory's stain.
    tone : float
        Strength of the changes of brightness, contrast, gamma and white level.
    coarse : float
        Every third image is shown as from pixels up to so many times as wide; 1 switches it off.
    light : float
        Largest darkening from one side of the image to the other, as a share.
    blur_px : float
        Largest sigma of the Gaussian defocus, in pixels of the image.
    noise : float
        Largest standard deviation of the noise, of pixels in 0..1.
    jpeg : tuple of int
        Range of JPEG qualities; every other image is compressed. (0, 0) switches it off.
    zoom : tuple of float
        Range of the magnification.
    """

    stain: float = Field(default=1.0, ge=0)
    tone: float = Field(default=1.0, ge=0)
    coarse: float = Field(default=1.0, ge=1)
    light: float = Field(default=0.25, ge=0, lt=1)
    blur_px: float = Field(default=1.2, ge=0)
    noise: float = Field(default=0.03, ge=0)
    jpeg: tuple[int, int] = (40, 95)
    zoom: tuple[PositiveFloat, PositiveFloat] = (0.8, 1.25)

    @property
    def changes_appearance(self) -> bool:
        """Whether images come out otherwise than moved."""
        parts = (self.stain, self.tone, self.light, self.blur_px, self.noise, *self.jpeg)
        return self.coarse > 1 or any(parts)


class Recipe(Section):
    """What every recipe says.

    Attributes
    ----------
    task : {"detection", "classification"}
    name : str
        The name of the model that it makes.
    notes : str
        What the card says beside "for research, not diagnosis".
    seed : int
        Everything random follows from it.
    batch : int
        Size of a mini-batch.
    device : {"auto", "cpu", "cuda"}
        Where the network learns; "auto" takes a GPU if there is one.
    """

    task: Literal["detection", "classification"]
    name: str
    notes: str = ""
    seed: NonNegativeInt = 0
    batch: PositiveInt = 16
    device: DeviceName = "auto"


R = TypeVar("R", bound=Recipe)


def recipe_path(name_or_path: str | Path) -> Path:
    """The file of a recipe, given by its path or by the name of one that comes with napari-ggs.

    Raises
    ------
    RecipeError
        If there is none; the message lists the names there are.
    """
    given, own = Path(name_or_path), RECIPES / f"{name_or_path}.toml"
    for path in (given, own):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in RECIPES.glob("*.toml")))
    raise RecipeError(
        f"There is no recipe {str(name_or_path)!r}: give a .toml file, or one of {known}."
    )


def task_of(path: Path) -> str:
    """The task that a recipe is for: "detection" or "classification".

    Raises
    ------
    RecipeError
        If it names neither.
    """
    task = _parse(path).get("task")
    if task not in ("detection", "classification"):
        raise RecipeError(
            f'{path}: the recipe says task = {task!r}; it must say "detection" or "classification".'
        )
    return str(task)


def load_recipe(path: Path, kind: type[R], settings: Sequence[str] = ()) -> R:
    """Read a recipe of one kind.

    Parameters
    ----------
    path : Path
    kind : type
    settings : sequence of str
        Entries in place of the file's, as ``loss.gamma = 2``.

    Raises
    ------
    RecipeError
        If it is no TOML file, or an entry is unknown, missing or out of range: names the entry.
    """
    try:
        return kind.model_validate(_laid_over(_parse(path), _entries(settings)))
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        entry = ".".join(str(part) for part in first["loc"]) or "the recipe"
        raise RecipeError(f"{path}: {entry}: {first['msg']}. Correct the recipe.") from fault


def _entries(settings: Sequence[str]) -> dict[str, Any]:
    try:
        return tomllib.loads("\n".join(settings))
    except tomllib.TOMLDecodeError as fault:
        raise RecipeError(
            f"{'; '.join(settings)} sets nothing ({fault}): write it as loss.gamma=2, or "
            "mixing.kind='cutmix'."
        ) from fault


def _laid_over(entries: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """Entries with others in their place, table by table."""
    both = {
        name: _laid_over(entries[name], value)
        for name, value in others.items()
        if isinstance(value, dict) and isinstance(entries.get(name), dict)
    }
    return {**entries, **others, **both}


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise RecipeError(f"The recipe {path} cannot be read ({fault.strerror}).") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise RecipeError(f"{path} is no TOML file: {fault}.") from fault
