"""Mini-batches are as even as they can be, and every example has its turn."""

from itertools import islice

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.training.sampling import balanced_batches, plain_batches

UNEVEN = np.array([0] * 50 + [1] * 7 + [2] * 3)


def draw(n: int, batch: int, seed: int = 0, labels: np.ndarray = UNEVEN) -> list[np.ndarray]:
    return list(islice(balanced_batches(labels, batch, np.random.default_rng(seed)), n))


@given(
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=5),
    batch=st.integers(1, 24),
    seed=st.integers(0, 9),
)
def test_classes_differ_by_at_most_one(sizes: list[int], batch: int, seed: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    for chosen in draw(4, batch, seed, labels):
        counts = np.bincount(labels[chosen], minlength=len(sizes))
        assert counts.sum() == batch
        assert counts.max() - counts.min() <= 1


def test_odd_places_go_round() -> None:
    labels = UNEVEN[np.concatenate(draw(300, 4))]
    assert (np.bincount(labels) > 300).all()


def test_every_example_comes_once_before_any_comes_again() -> None:
    so_far = np.zeros(len(UNEVEN), int)
    for chosen in draw(40, 6):
        so_far += np.bincount(chosen, minlength=len(UNEVEN))
        assert all(np.ptp(so_far[c == UNEVEN]) <= 1 for c in range(3))


def test_the_seed_decides() -> None:
    first, again, other = (np.concatenate(draw(5, 6, seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_repeats_say_how_often_an_example_comes() -> None:
    labels, repeats = np.zeros(4, int), np.array([1, 1, 1, 5])
    stream = balanced_batches(labels, 8, np.random.default_rng(0), repeats)
    assert np.bincount(next(stream)).tolist() == [1, 1, 1, 5]


def test_plain_batches_follow_the_data() -> None:
    chosen = next(plain_batches(UNEVEN, 60, np.random.default_rng(0)))
    assert sorted(chosen) == list(range(60))
