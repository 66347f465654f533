"""The keys of a review: what each does, and the layers on which it does it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer

from napari_ggs.review.actions import Actions
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.layers import ClassLayers
from napari_ggs.viewer.picking import Picker

DRAW = "D"
HELP = "1 to 9: class, Space: confirm, N and P: next and previous, D: draw, Tab: hide, Ctrl+Z: undo"
"""In place of what napari says of the number keys, which are the review's here."""
CAPS = {"Backspace": "⌫", "Delete": "Del", "Control-Shift-Z": "Ctrl+⇧Z"}


@dataclass(frozen=True)
class Key:
    """A key, as napari writes it, what it does in a few words, and how.

    ``short`` is what stands on its button; "" for none.
    """

    key: str
    words: str
    act: Callable[[], object]
    short: str = ""

    @property
    def in_qt(self) -> str:
        """The key as Qt writes it."""
        return self.key.replace("Control-", "Ctrl+").replace("Shift-", "Shift+")

    @property
    def cap(self) -> str:
        """The key as it stands on a button."""
        return CAPS.get(self.key, self.in_qt)


def keys_of(actions: Actions, picker: Picker, confirm: Callable[[], object]) -> list[Key]:
    """All keys of a review, in the order in which they are explained; Space does `confirm`."""
    scheme = actions.session.scheme
    classes = [
        Key(str(number), lesion.title, _naming(actions, lesion.name))
        for number, lesion in enumerate(scheme.lesions, start=1)
    ]
    return [
        *classes,
        Key("Space", "confirm, go on", confirm),
        Key("N", "next", actions.walk.next),
        Key("P", "previous", actions.walk.previous),
        Key("0", "uncertain", lambda: actions.assess("uncertain"), "Uncertain"),
        Key("X", "ungradable", lambda: actions.assess("ungradable"), "Ungradable"),
        Key("C", "cut by the edge of tissue", lambda: actions.assess("cut"), "Cut"),
        Key("G", "segmental sclerosis, beside the class", _flagging(actions), "Segmental"),
        Key(
            "Delete",
            "take out: duplicate, misplaced; again: bring back",
            actions.remove,
            "Take out",
        ),
        Key(DRAW, "draw circles, from centre to rim", picker.toggle, "Draw"),
        Key("Backspace", "go back", actions.walk.previous, "Back"),
        Key("Control-Z", "undo", actions.undo, "Undo"),
        Key("Control-Shift-Z", "redo", actions.redo, "Redo"),
    ]


def _flagging(actions: Actions) -> Callable[[], object]:
    return lambda: actions.flag("segmental")


def _naming(actions: Actions, name: str) -> Callable[[], object]:
    return lambda: actions.label(name)


class ReviewKeys:
    """Binds the keys of a review to its slide's layer and to the class layers.

    Parameters
    ----------
    viewer : ViewerModel
    layers : ClassLayers
    keys : list of Key
    """

    def __init__(self, viewer: ViewerModel, layers: ClassLayers, keys: list[Key]) -> None:
        self._viewer, self._layers, self.keys = viewer, layers, keys
        self._borrowed: list[Key] = []
        self._bind_all()
        for layer in filter(self._is_ours, viewer.layers):
            self._help(layer)
        viewer.layers.events.inserted.connect(self._on_inserted)

    def remove(self) -> None:
        """Let go of the keys."""
        self._viewer.layers.events.inserted.disconnect(self._on_inserted)
        self._layers.image.keymap.clear()
        self._layers.image.events.help.disconnect(_help)

    def borrow(self, keys: list[Key]) -> None:
        """Bind keys of a dock as well, in place of those borrowed before."""
        for layer in filter(self._is_ours, self._viewer.layers):
            for key in self._borrowed:
                layer.bind_key(key.key, None)
        self._borrowed = keys
        self._bind_all()

    def _on_inserted(self, event: Any) -> None:
        if self._is_ours(event.value):
            self._bind(event.value)
            self._help(event.value)

    def _help(self, layer: Layer) -> None:
        layer.help = HELP
        layer.events.help.connect(_help)

    def _is_ours(self, layer: Layer) -> bool:
        return layer is self._layers.image or layer in self._layers

    def _bind_all(self) -> None:
        for layer in filter(self._is_ours, self._viewer.layers):
            self._bind(layer)

    def _bind(self, layer: Layer) -> None:
        for key in (*self.keys, *self._borrowed):
            layer.bind_key(key.key, _pressed(key), overwrite=True)


def _help(event: Any) -> None:
    event.source.help = HELP


def _pressed(key: Key) -> Callable[[Layer], None]:
    def press(_: Layer) -> None:
        attempt(key.act)

    return press
