"""What to label next: what the model is unsure of, unlike what is labelled and each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.training.next_labels import entropy, next_labels, teaching_order

NOTHING = np.empty((0, 2), np.float32)


def at(*degrees: float) -> np.ndarray:
    """Embeddings in these directions."""
    turned = np.deg2rad(degrees)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def sure(*shares: float) -> np.ndarray:
    """Probabilities of two classes."""
    return np.array([[share, 1 - share] for share in shares])


def test_the_first_is_what_the_model_is_least_sure_of() -> None:
    order = next_labels(at(0, 40, 80), sure(0.9, 0.55, 0.99), NOTHING, 3)
    assert order[0] == 1


def test_of_what_is_equally_unsure_the_most_different_follows() -> None:
    order = next_labels(at(0, 5, 170, 80), sure(0.5, 0.5, 0.5, 0.5), NOTHING, 4)
    assert order.tolist() == [0, 2, 3, 1]


def test_what_is_like_something_labelled_waits_however_unsure_the_model_is() -> None:
    p = sure(0.5, 0.8)
    assert next_labels(at(0, 90), p, NOTHING, 1).tolist() == [0]
    assert next_labels(at(0, 90), p, at(1), 1).tolist() == [1]


def test_many_labelled_circles_count_as_if_compared_one_by_one() -> None:
    rng = np.random.default_rng(0)
    features, labelled = rng.normal(size=(40, 8)), rng.normal(size=(600, 8))
    p = rng.dirichlet(np.ones(3), 40)
    here = features / np.linalg.norm(features, axis=1, keepdims=True)
    there = labelled / np.linalg.norm(labelled, axis=1, keepdims=True)
    nearest = np.linalg.norm(here[:, None] - there, axis=2).min(axis=1)
    first = next_labels(features.astype(np.float32), p, labelled.astype(np.float32), 1)
    assert first.item() == (entropy(p) * nearest).argmax()


@st.composite
def pools(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Circles, some of them exactly alike, sure or black, and labelled ones."""
    n, m, seed = draw(st.integers(0, 60)), draw(st.integers(0, 10)), draw(st.integers(0, 999))
    rng = np.random.default_rng(seed)
    features = rng.integers(0, 3, (n, 4)).astype(np.float32)
    shares = rng.dirichlet(np.full(3, 0.2), n) if n else np.empty((0, 3))
    shares[rng.random(n) < 0.3] = [1.0, 0.0, 0.0]
    return features, shares, rng.integers(0, 3, (m, 4)).astype(np.float32)


@given(pools(), st.integers(0, 70), st.integers(0, 70))
@settings(max_examples=150, deadline=None)
def test_a_shorter_list_is_the_beginning_of_a_longer_one_and_nothing_comes_twice(
    pool: tuple[np.ndarray, np.ndarray, np.ndarray], one: int, other: int
) -> None:
    short, long = sorted((one, other))
    first, all_ = next_labels(*pool, short), next_labels(*pool, long)
    assert first.tolist() == all_[: len(first)].tolist()
    assert len(all_) == min(long, len(pool[0])) == len({*all_.tolist()})


@pytest.mark.parametrize(
    ("features", "shares", "labelled", "count"),
    [
        (at(0, 1), sure(0.5), NOTHING, 1),
        (at(0), sure(0.5), np.empty((0, 3), np.float32), 1),
        (at(np.nan), sure(0.5), NOTHING, 1),
        (at(0), sure(np.nan), NOTHING, 1),
        (at(0), sure(0.5), NOTHING, -1),
    ],
)
def test_what_does_not_fit_is_refused(
    features: np.ndarray, shares: np.ndarray, labelled: np.ndarray, count: int
) -> None:
    with pytest.raises(ValueError, match=r"Found|finite"):
        next_labels(features, shares, labelled, count)


def test_a_slide_is_ordered_as_a_whole_what_is_done_last() -> None:
    p = sure(0.5, 0.5, 0.5, 0.6, 0.9, 0.7)
    done = np.array([True, False, False, False, False, False])
    order = teaching_order(at(0, 1, 170, 60, 100, 30), p, done, leading=2)
    assert order.tolist() == [2, 3, 1, 5, 4, 0], "two by what they teach, then by entropy"
