"""Look-alikes are the nearest by cosine distance, the circle itself first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.review.look_alikes import look_alikes


def at(*degrees: float) -> np.ndarray:
    turned = np.deg2rad(degrees)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def test_the_most_alike_come_first_after_the_circle_itself() -> None:
    assert look_alikes(at(90, 40, 0, 170, 60), 2).tolist() == [2, 1, 4, 0, 3]


def test_only_the_nearest_are_shown() -> None:
    assert look_alikes(at(90, 40, 0, 170, 60), 2, 2).tolist() == [2, 1, 4]


def test_of_circles_that_are_exactly_alike_the_one_asked_for_leads() -> None:
    assert look_alikes(at(10, 10, 10), 1).tolist() == [1, 0, 2]


@given(st.lists(st.integers(0, 359), min_size=1, max_size=50), st.data())
def test_distances_never_fall(degrees: list[int], data: st.DataObject) -> None:
    features, place = at(*degrees), data.draw(st.integers(0, len(degrees) - 1))
    order = look_alikes(features, place)
    assert order[0] == place
    assert len(order) == min(len(degrees), 31) == len({*order.tolist()})
    distances = 1 - features[order[1:]] @ features[place]
    assert (np.diff(distances) >= 0).all()
