"""Training windows: the circles lie where the glomeruli are, whatever was done to the image."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.circles import inside
from napari_ggs.training.circles_data import Field, field_of, outside
from napari_ggs.training.detection_pixels import InMemory, shrink
from napari_ggs.training.detection_places import Places, Shares
from napari_ggs.training.detection_windows import Window, Windows
from napari_ggs.training.recipe import Augmentation
from tests.detection.conftest import PINK, PURPLE, draw, scatter

PLAIN = Augmentation(stain=0, tone=0, light=0, blur_px=0, noise=0, jpeg=(0, 0), zoom=(0.6, 1.3))
PX = 128


def windows(fields: list[Field], on_glomerulus: float = 0.7) -> Windows:
    return Windows([fields], [1.0], PX, PLAIN, Shares(on_glomerulus), seed=0)


@cache
def drawn_field(seed: int, side: int = 600) -> Field:
    circles = scatter(np.random.default_rng(seed), 12, side, 16, 50)
    return Field(f"drawn-{seed}", InMemory(draw(circles, side, side)), circles)


def colour(window: Window, x: float, y: float) -> np.ndarray:
    return window.image[int(y), int(x)].astype(int)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_circles_lie_on_what_they_circle(seed: int) -> None:
    window = windows([drawn_field(1), drawn_field(2, side=200)]).window(np.random.default_rng(seed))
    for x, y, radius in window.circles:
        if 1 <= x < PX - 1 and 1 <= y < PX - 1:
            assert np.abs(colour(window, x, y) - PURPLE).max() < 5
        for angle in np.linspace(0, 2 * np.pi, 9):
            u, v = x + np.cos(angle) * (radius - 2), y + np.sin(angle) * (radius - 2)
            if 1 <= u < PX - 1 and 1 <= v < PX - 1:
                assert np.abs(colour(window, u, v) - PURPLE).max() < 5
    counted = np.concatenate([window.circles, window.ignored])
    rows, columns = np.nonzero(np.abs(window.image.astype(int) - PURPLE).max(axis=2) < 5)
    apart = np.hypot(columns[:, None] + 0.5 - counted[:, 0], rows[:, None] + 0.5 - counted[:, 1])
    assert (apart < counted[:, 2] + 1.5).any(axis=1).all(), "no disc goes unmentioned"


def test_the_same_step_gives_the_same_batch() -> None:
    source = windows([drawn_field(1), drawn_field(2)])
    (first, targets), (again, others) = source.batch(7, 3), source.batch(7, 3)
    assert (first == again).all()
    assert all((a == b).all() for a, b in zip(targets, others, strict=True))
    assert (source.batch(8, 3)[0] != first).any()


def test_glomeruli_that_the_window_cuts_are_ignored() -> None:
    field = Field(
        "one", InMemory(draw(np.array([[300.0, 300, 90]]), 600, 600)), np.array([[300.0, 300, 90]])
    )
    seen = [windows([field], 1.0).window(np.random.default_rng(seed)) for seed in range(40)]
    cut = [window for window in seen if len(window.ignored)]
    assert cut
    assert any(len(window.circles) for window in seen)
    for window in cut:
        box = (0, 0, PX, PX)
        assert not inside(window.ignored, box, 0.1).any()
        assert not outside(window.ignored, box).any()


def test_ignored_circles_stay_ignored() -> None:
    circle = np.array([[300.0, 300, 40]])
    field = Field("one", InMemory(draw(circle, 600, 600)), np.empty((0, 3)), circle)
    for seed in range(10):
        assert len(windows([field]).window(np.random.default_rng(seed)).circles) == 0


def test_a_field_of_glass_can_be_shown() -> None:
    glass = Field("glass", InMemory(np.full((80, 80, 3), 243, np.uint8)), np.empty((0, 3)))
    images, targets = windows([glass]).batch(0, 2)
    assert images.min() >= 240
    assert not targets.centre.any()


def test_circles_that_reach_beyond_a_field_are_ignored() -> None:
    pixels = InMemory(shrink(draw(np.array([[100.0, 60, 20]]), 200, 400), 4))
    field = field_of("f", pixels, [[25, 15, 5], [1, 15, 5]], [[75, 15, 5]], [[50, 20, 4]])
    assert field.size == (100, 50)
    assert field.circles.tolist() == [[25, 15, 5]]
    assert field.ignored.tolist() == [[1, 15, 5], [75, 15, 5]], "cut by the edge, and unsure"
    assert field.negatives.tolist() == [[50, 20, 4]]
    assert tuple(field.pixels.read(25, 15, 1)[0, 0]) == PURPLE
    assert tuple(field.pixels.read(60, 15, 1)[0, 0]) == PINK


def test_beyond_a_field_lies_white() -> None:
    window = InMemory(draw(np.empty((0, 3)), 10, 10)).read(-3, 8, 6)
    assert (window[:, :3] == 255).all()
    assert (window[2:] == 255).all()
    assert tuple(window[0, 4]) == PINK


def test_only_whole_factors_shrink() -> None:
    with pytest.raises(ValueError, match=r"factor of 1\.5"):
        shrink(np.zeros((4, 4, 3), np.uint8), 1.5)


def test_windows_are_laid_around_what_their_shares_say() -> None:
    glomerulus, negative = np.array([[100.0, 100, 20]]), np.array([[500.0, 500, 20]])
    pixels = InMemory(draw(glomerulus, 600, 600))
    both = Field("both", pixels, glomerulus, negatives=negative)
    places = Places([both, Field("bare", pixels, np.empty((0, 3)))], Shares(0.5, 0.3))
    rng = np.random.default_rng(0)
    near = {"glomerulus": 0, "negative": 0, "bare": 0}
    for _ in range(2000):
        field, x, y, side = places.draw(rng, 5.0, 100)
        middle = np.array([x, y]) + side / 2
        near["bare"] += field.name == "bare"
        near["glomerulus"] += bool(np.abs(middle - 100).max() <= 6)
        near["negative"] += bool(np.abs(middle - 500).max() <= 6)
    assert near["glomerulus"] / 2000 == pytest.approx(0.5, abs=0.04)
    assert near["negative"] / 2000 == pytest.approx(0.3, abs=0.04)
    assert near["bare"] / 2000 == pytest.approx(0.1, abs=0.03), "as often as any field"


def test_a_hard_negative_is_background() -> None:
    negative = np.array([[300.0, 300, 40]])
    field = Field("one", InMemory(draw(negative, 600, 600)), np.empty((0, 3)), negatives=negative)
    source = Windows([[field]], [1.0], PX, PLAIN, Shares(0.0, 1.0), seed=0)
    images, targets = source.batch(0, 4)
    assert (np.abs(images.astype(int) - PURPLE).max(axis=3) < 5).any(axis=(1, 2)).all()
    assert not targets.heat.any()
    assert targets.counts.all()


class Counted(InMemory):
    """Pixels that count how often they are read."""

    reads = 0

    def read(self, x: int, y: int, side: int) -> np.ndarray:
        type(self).reads += 1
        return super().read(x, y, side)


def test_only_what_is_seen_is_read() -> None:
    pixels = Counted(draw(np.empty((0, 3)), 2000, 2000))
    field = Field("large", pixels, np.array([[1000.0, 1000, 50]]))
    source = windows([field], on_glomerulus=1.0)
    for seed in range(10):
        source.window(np.random.default_rng(seed))
    assert Counted.reads == 10
