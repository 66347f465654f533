"""Class names are matched by name; what is unknown is asked for, never guessed."""

from pathlib import Path

import pytest

from napari_ggs.errors import UserError
from napari_ggs.exchange.classes import LESIONS, class_of, is_class

FILE = Path("slide.xml")


@pytest.mark.parametrize("name", LESIONS)
def test_every_class_is_known_however_it_is_spelt(name: str) -> None:
    for spelt in (name, name.upper(), name.title(), name.replace("-", "_").replace(" ", "_")):
        assert class_of(spelt, {}, FILE) == name
        assert is_class(spelt)


@pytest.mark.parametrize("name", ["", "glomerulus", "Glomeruli"])
def test_a_glomerulus_without_a_class_has_none(name: str) -> None:
    assert class_of(name, {}, FILE) == ""
    assert not is_class(name)


def test_names_are_renamed_dropped_or_refused() -> None:
    renamed = {"GS": "obsolescent", "glom": "glomerulus", "Tissue": "", "normal": "non-sclerotic"}
    assert class_of("GS", renamed, FILE) == "obsolescent"
    assert class_of("glom", renamed, FILE) == ""
    assert class_of("Tissue", renamed, FILE) is None
    assert class_of("normal", renamed, FILE) == "non-sclerotic"
    with pytest.raises(UserError, match=r"slide\.xml names the class 'gs'.*--map 'gs=CLASS'"):
        class_of("gs", renamed, FILE)
    with pytest.raises(UserError, match="'GS' is to become 'sclerosed', which is none of normal"):
        class_of("GS", {"GS": "sclerosed"}, FILE)
