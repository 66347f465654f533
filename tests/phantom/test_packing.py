"""Packings of tubules: full, without overlap, the same every time."""

import numpy as np
import pytest

from napari_ggs.phantom.packing import LABYRINTH, PERIOD, RAY, Pattern, chain_distance, packing


@pytest.mark.parametrize("pattern", [LABYRINTH, RAY])
def test_profiles_hardly_overlap_on_the_torus(pattern: Pattern) -> None:
    pack = packing(pattern, 0)
    i = len(pack.radius) // 2
    nodes = pack.nodes[i]
    others = np.delete(pack.nodes, i, 0).reshape(-1, 2)
    radii = np.repeat(np.delete(pack.radius, i), pack.nodes.shape[1])
    shift = np.round((others - nodes.mean(0)) / PERIOD) * PERIOD
    x, y = (others - shift).T
    assert (chain_distance(nodes, x, y) - radii > 0.85 * pack.radius[i] - 4).all()


def test_a_packing_is_drawn_the_same_every_time() -> None:
    first = packing(LABYRINTH, 1)
    packing.cache_clear()
    second = packing(LABYRINTH, 1)
    np.testing.assert_array_equal(first.nodes, second.nodes)


def test_chain_distance_of_a_straight_chain_is_that_of_a_segment() -> None:
    nodes = np.array([[0, 0], [5, 0], [10, 0]], np.float32)
    x, y = np.array([5, 13, -3], np.float32), np.array([4, 4, 0], np.float32)
    np.testing.assert_allclose(chain_distance(nodes, x, y), [4, 5, 3], atol=1e-5)
