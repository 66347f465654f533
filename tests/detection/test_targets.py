import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.detection.circlenet import Maps
from napari_ggs.detection.decoding import decode
from napari_ggs.detection.targets import Targets, collate, encode, gaussian_radius

SIDE = 256


def perfect(targets: Targets) -> Maps:
    """What a perfect network says for these targets."""
    return Maps(torch.logit(targets.heat, eps=1e-6), targets.radius, targets.offset)


@st.composite
def distinct_circles(draw: st.DrawFn) -> np.ndarray:
    """Circles anywhere in the image, one per cell at most."""
    cells = draw(st.sets(st.tuples(*[st.integers(0, SIDE // 4 - 1)] * 2), max_size=12))
    part = st.floats(0, 0.99)
    rows = [
        [(column + draw(part)) * 4, (row + draw(part)) * 4, draw(st.floats(2, 60))]
        for row, column in sorted(cells)
    ]
    return np.array(rows).reshape(-1, 3)


def by_cell(circles: np.ndarray) -> np.ndarray:
    """In the order of their cells, which rounding does not change."""
    column, row = np.floor((circles[:, :2] + 1e-3) / 4).T
    return circles[np.lexsort((column, row))]


@given(distinct_circles())
def test_what_is_encoded_is_decoded_to_the_same_circles(circles: np.ndarray) -> None:
    [found] = decode(perfect(encode(circles, [], SIDE, SIDE)), threshold=0.99)
    np.testing.assert_allclose(by_cell(found.circles.numpy()), by_cell(circles), atol=1e-4)


def test_a_target_is_one_at_the_centre_and_falls_to_all_sides() -> None:
    heat = encode([[130, 66, 40]], [], SIDE, SIDE).heat[0, 0]
    row, column = 66 // 4, 130 // 4
    assert heat[row, column] == 1
    assert heat.max() == 1
    assert (
        heat[row, column + 1]
        == heat[row - 1, column]
        == pytest.approx(np.exp(-1 / (2 * (11 / 6) ** 2)))
    ), "radius 10 cells: reach int(.273 * 20) = 5, sigma 11 / 6"
    assert heat[row, column + 5] > 0
    assert heat[row, column + 6] == 0


def test_overlapping_bumps_keep_the_higher_value() -> None:
    alone = [encode([circle], [], SIDE, SIDE).heat for circle in ([100, 100, 40], [116, 100, 40])]
    both = encode([[100, 100, 40], [116, 100, 40]], [], SIDE, SIDE).heat
    torch.testing.assert_close(both, torch.maximum(*alone))


@given(st.floats(1, 200))
def test_the_gaussian_radius_is_proportional_to_the_circle(side: float) -> None:
    assert gaussian_radius(side) == pytest.approx(0.2733 * side, rel=1e-3)


def test_ignored_circles_do_not_count_but_a_glomerulus_within_them_does() -> None:
    counts = encode([[100, 100, 12]], [[100, 100, 40]], SIDE, SIDE).counts[0, 0]
    assert counts[25, 25]
    assert not counts[25, 30]
    assert counts[25, 36]
    assert (~counts).sum() == pytest.approx(np.pi * 10**2, rel=0.05)


def test_targets_of_a_batch_keep_their_order() -> None:
    batch = collate([encode([[9, 9, 5]], [], 64, 64), encode([], [], 64, 64)])
    assert batch.centre.sum(dim=(1, 2, 3)).tolist() == [1, 0]
