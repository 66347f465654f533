"""Where the parent's answer is among a child's classes, the child decides."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_ggs.classification import Hierarchy
from napari_ggs.lesions import BINARY, CIRCLEMIX, GGS, Scheme, part_of

NC2 = part_of(("normal", "periglomerular fibrosis"))
C3 = part_of(("obsolescent", "solidified", "disappearing"))
C2 = part_of(("solidified", "disappearing"))
TREES = ((NC2,), (C3,), (C2,), (NC2, C3), (C3, C2), (C2, NC2, C3))


@dataclass(frozen=True)
class Told:
    """Says of a patch what was written for the number in its first pixel."""

    scheme: Scheme
    answers: np.ndarray
    asked: list[int] = field(default_factory=list)
    margin_um: float = 12.5
    input_px: int = 2

    def classify(self, images: np.ndarray) -> np.ndarray:
        numbers = images[:, 0, 0, 0].tolist()
        self.asked.extend(numbers)
        return self.answers[numbers].copy()


def patches(n: int) -> np.ndarray:
    images = np.zeros((n, 2, 2, 3), np.uint8)
    images[:, 0, 0, 0] = np.arange(n)
    return images


def probabilities(classes: int, n: int = 6) -> st.SearchStrategy[np.ndarray]:
    weights = arrays(float, (n, classes), elements=st.floats(0, 1, width=32))
    return weights.map(lambda w: (w + 1e-9) / (w + 1e-9).sum(axis=1, keepdims=True))


@st.composite
def families(draw: st.DrawFn) -> Hierarchy:
    """C5 with any of the paper's trees of children, in any order."""
    parts = draw(st.permutations(draw(st.sampled_from(TREES))))
    children = [Told(part, draw(probabilities(len(part.classes)))) for part in parts]
    return Hierarchy(Told(CIRCLEMIX, draw(probabilities(5))), tuple(children))


def by_the_paper(family: Hierarchy, patch: int) -> str:
    """The answer as section 3.2 says it, from the answers alone."""
    answer = CIRCLEMIX.classes[family.parent.answers[patch].argmax()]
    for part in (NC2, C3, C2):
        for child in family.children:
            if child.scheme == part and answer in part.classes:
                answer = part.classes[child.answers[patch].argmax()]
    return answer


@given(families())
def test_the_answer_is_the_one_of_the_paper_s_rule(family: Hierarchy) -> None:
    merged = family.classify(patches(6))
    found = [CIRCLEMIX.classes[column] for column in merged.argmax(axis=1)]
    assert found == [by_the_paper(family, patch) for patch in range(6)]


@given(families())
def test_rows_are_probabilities_over_the_parent_s_classes(family: Hierarchy) -> None:
    merged = family.classify(patches(6))
    assert merged.shape == (6, 5)
    assert (merged >= 0).all()
    np.testing.assert_allclose(merged.sum(axis=1), 1, rtol=1e-12)


@given(families())
def test_children_share_out_what_the_parent_gave_their_classes(family: Hierarchy) -> None:
    parent, merged = family.parent.answers, family.classify(patches(6))
    outermost = [c.scheme for c in family.children if c.scheme != C2 or len(family.children) == 1]
    for part in outermost:
        columns = [CIRCLEMIX.classes.index(name) for name in part.classes]
        np.testing.assert_allclose(
            merged[:, columns].sum(axis=1), parent[:, columns].sum(axis=1), atol=1e-12
        )


def test_a_child_shares_out_in_its_own_proportions_where_its_answer_leads_anyhow() -> None:
    parent = Told(CIRCLEMIX, np.array([[0.1, 0.0, 0.5, 0.3, 0.1]]))
    child = Told(C3, np.array([[0.2, 0.7, 0.1]]))
    found = Hierarchy(parent, (child,)).classify(patches(1))
    np.testing.assert_allclose(found, [[0.1, 0, 0.18, 0.63, 0.09]])


def test_a_child_has_the_last_word_even_where_its_share_would_not_lead() -> None:
    parent = Told(CIRCLEMIX, np.array([[0.35, 0.0, 0.4, 0.25, 0.0]]))
    child = Told(C3, np.array([[0.45, 0.5, 0.05]]))
    [found] = Hierarchy(parent, (child,)).classify(patches(1))
    assert found.argmax() == 3
    np.testing.assert_allclose(found, [0.35, 0, 0.27, 0.35, 0.03], atol=1e-12)


def test_a_child_is_not_asked_where_the_answer_is_not_among_its_classes() -> None:
    parent = Told(CIRCLEMIX, np.array([[0.4, 0, 0.3, 0.3, 0], [0, 0, 0.6, 0.4, 0]]))
    child = Told(C2, np.array([[1.0, 0.0], [1.0, 0.0]]))
    family = Hierarchy(parent, (child,))
    np.testing.assert_array_equal(family.classify(patches(2)), parent.answers)
    assert child.asked == []


def test_a_nested_child_is_asked_what_the_outer_one_decided() -> None:
    parent = Told(CIRCLEMIX, np.array([[0.1, 0, 0.6, 0.2, 0.1]]))
    outer, inner = Told(C3, np.array([[0.1, 0.8, 0.1]])), Told(C2, np.array([[0.3, 0.7]]))
    [found] = Hierarchy(parent, (inner, outer)).classify(patches(1))
    np.testing.assert_allclose(found, [0.1, 0, 0.09, 0.243, 0.567])


def test_non_glomerulus_keeps_its_probability() -> None:
    parent = Told(GGS, np.array([[0.1, 0.4, 0.1, 0.1, 0.3]]))
    child = Told(C3, np.array([[0.0, 0.1, 0.9]]))
    assert Hierarchy(parent, (child,)).classify(patches(1))[0, -1] == 0.3


def test_no_patches_give_no_rows() -> None:
    family = Hierarchy(Told(CIRCLEMIX, np.ones((1, 5)) / 5), (Told(NC2, np.ones((1, 2)) / 2),))
    assert family.classify(patches(0)).shape == (0, 5)


@pytest.mark.parametrize(
    ("children", "reason"),
    [
        ((), "a part of their parent's"),
        ((CIRCLEMIX,), "a part of their parent's"),
        ((BINARY,), "a part of their parent's"),
        ((C3, C3), "overlap"),
        ((C2, part_of(("obsolescent", "solidified"))), "overlap"),
    ],
)
def test_children_that_do_not_fit_are_refused(children: tuple[Scheme, ...], reason: str) -> None:
    told = [Told(scheme, np.ones((1, len(scheme.classes)))) for scheme in children]
    with pytest.raises(ValueError, match=reason):
        Hierarchy(Told(CIRCLEMIX, np.ones((1, 5)) / 5), tuple(told))
