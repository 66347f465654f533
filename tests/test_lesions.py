from itertools import combinations

import numpy as np
import pytest
from skimage.color import rgb2lab

from napari_ggs.lesions import (
    BINARY,
    CIRCLEMIX,
    GGS,
    NON_GLOMERULUS,
    SCHEMES,
    part_of,
    scheme_of,
    translated,
)

# Linear-RGB simulations of full colour blindness (Machado, Oliveira and Fernandes 2009).
MACHADO = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
    "none": np.eye(3).tolist(),
}  # fmt: skip


def seen(colour: str, sight: str) -> np.ndarray:
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    seen = np.clip(np.array(MACHADO[sight]) @ srgb**2.2, 0, 1) ** (1 / 2.2)
    return rgb2lab(seen[None, None])[0, 0]


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=list(SCHEMES))
@pytest.mark.parametrize("sight", MACHADO)
def test_colours_of_a_scheme_can_be_told_apart(scheme, sight: str) -> None:
    for a, b in combinations(scheme.lesions, 2):
        assert np.linalg.norm(seen(a.colour, sight) - seen(b.colour, sight)) > 20, (a, b)


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=list(SCHEMES))
def test_letters_tell_classes_apart_too(scheme) -> None:
    assert len({lesion.letter for lesion in scheme.lesions}) == len(scheme.lesions)


def test_non_glomerulus_is_last_and_never_counts_as_a_glomerulus() -> None:
    assert GGS.classes[-1] == NON_GLOMERULUS
    assert NON_GLOMERULUS not in GGS.glomerular
    assert CIRCLEMIX.glomerular == CIRCLEMIX.classes


def test_sclerotic_classes_are_the_papers_three() -> None:
    for scheme in (GGS, CIRCLEMIX):
        assert scheme.sclerotic == ("obsolescent", "solidified", "disappearing")


def test_a_scheme_is_found_by_its_classes_in_order() -> None:
    assert scheme_of(GGS.classes) is GGS
    with pytest.raises(ValueError, match="Known schemes: ggs"):
        scheme_of(reversed(GGS.classes))


def test_a_part_of_a_scheme_has_its_lesions_in_its_order() -> None:
    part = part_of(("solidified", "disappearing"))
    assert part.lesions == GGS.lesions[2:4]
    assert part_of(GGS.classes) is GGS
    for classes in (("disappearing", "solidified"), ("normal",), ("normal", "sclerotic")):
        with pytest.raises(ValueError, match="Known schemes"):
            part_of(classes)


def test_an_unknown_class_is_refused_with_the_list_of_classes() -> None:
    with pytest.raises(KeyError, match="obsolescent"):
        GGS["sclerosed"]


@pytest.mark.parametrize(
    ("name", "scheme", "called"),
    [
        ("solidified", GGS, "solidified"),
        ("solidified", BINARY, "sclerotic"),
        ("normal", BINARY, "non-sclerotic"),
        ("periglomerular fibrosis", BINARY, "non-sclerotic"),
        ("periglomerular fibrosis", GGS, "normal"),
        ("non-glomerulus", GGS, "non-glomerulus"),
        ("non-glomerulus", CIRCLEMIX, None),
    ],
)
def test_classes_have_names_in_other_schemes(name: str, scheme, called: str | None) -> None:
    assert translated(name, scheme) == called


@pytest.mark.parametrize("scheme", [GGS, CIRCLEMIX])
def test_a_class_that_is_too_coarse_or_unknown_has_none(scheme) -> None:
    with pytest.raises(ValueError, match="too coarse; it may be any of obsolescent"):
        translated("sclerotic", scheme)
    with pytest.raises(ValueError, match="no class"):
        translated("round", scheme)
