import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs import circles as geometry
from napari_ggs.detection.merging import StreamingNms
from napari_ggs.detection.tiling import Region

MAX_RADIUS = 20.0
GRID, SIDE, SLACK = 3, 60.0, 3.0


def cores() -> list[Region]:
    """3 x 3 cores that overlap a little."""
    side = SIDE + 2 * SLACK
    return [
        Region(column * SIDE - SLACK, row * SIDE - SLACK, side, side)
        for row in range(GRID)
        for column in range(GRID)
    ]


def emitted(circles: np.ndarray) -> list[np.ndarray]:
    """Indices of the circles that each tile finds: those with their centre in its core."""
    return [
        np.array([i for i, (x, y, _) in enumerate(circles) if core.contains(x, y)], dtype=int)
        for core in cores()
    ]


@st.composite
def crowds(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Crowded circles with scores, ties among them."""
    place = st.floats(0, GRID * SIDE - 0.01)
    circle = st.tuples(place, place, st.floats(2, MAX_RADIUS))
    circles = draw(st.lists(circle, max_size=40))
    score = st.one_of(st.floats(0, 1), st.sampled_from([0.25, 0.5]))
    scores = draw(st.lists(score, min_size=len(circles), max_size=len(circles)))
    return np.array(circles).reshape(-1, 3), np.array(scores)


def rows(circles: np.ndarray, scores: np.ndarray) -> list[tuple[float, ...]]:
    return sorted(map(tuple, np.column_stack([circles, scores]).tolist()))


@settings(max_examples=150)
@given(crowds(), st.permutations(range(GRID**2)), st.integers(1, 4))
def test_any_order_of_tiles_keeps_what_one_global_suppression_keeps(
    crowd: tuple[np.ndarray, np.ndarray], order: list[int], batch: int
) -> None:
    circles, scores = crowd
    found = emitted(circles)
    merging = StreamingNms(cores(), MAX_RADIUS)
    released = []
    for start in range(0, len(order), batch):
        tiles = order[start : start + batch]
        seen = np.concatenate([found[tile] for tile in tiles])
        released += rows(*merging.add(tiles, circles[seen], scores[seen]))
    everything = np.concatenate(found)
    kept = geometry.nms(circles[everything], scores[everything], 0.35)
    assert sorted(released) == rows(circles[everything][kept], scores[everything][kept])


def test_a_circle_far_from_what_is_to_come_is_released_at_once() -> None:
    merging = StreamingNms(cores(), MAX_RADIUS)
    circles, scores = merging.add([0], [[20, 20, 10], [22, 20, 10]], [0.5, 0.9])
    assert (circles.tolist(), scores.tolist()) == ([[22, 20, 10]], [0.9])


def test_a_circle_near_a_tile_to_come_waits_for_it() -> None:
    merging = StreamingNms(cores(), MAX_RADIUS)
    assert len(merging.add([0], [[58, 20, 10]], [0.5])[0]) == 0
    others = [tile for tile in range(GRID**2) if tile not in (0, 1)]
    assert len(merging.add(others, [], [])[0]) == 0
    circles, _ = merging.add([1], [[61, 20, 10]], [0.9])
    assert circles.tolist() == [[61, 20, 10]]


def test_closing_releases_what_waits() -> None:
    merging = StreamingNms(cores(), MAX_RADIUS)
    merging.add([0], [[58, 20, 10], [57, 20, 10]], [0.5, 0.4])
    assert merging.close()[0].tolist() == [[58, 20, 10]]
    assert len(merging.close()[0]) == 0
