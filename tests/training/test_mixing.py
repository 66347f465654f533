"""CircleMix and CutMix mix what their papers say, and weigh labels by what is seen."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.training.classifier_recipe import Mixing
from napari_ggs.training.mixing import circlemix_masks, cutmix_masks, mix, polygons, rim_positions

PX = 224
CPU = torch.device("cpu")
TS = np.linspace(0, 1, 60)
positions = st.floats(0, 360, allow_nan=False)


def polygon(start: float, end: float, px: int = PX) -> torch.Tensor:
    return polygons(torch.tensor([[start, end]]), px)[0]


def vertex(position: float) -> complex:
    """A point of the rim as x + iy in -1..1, y down, from the top-left corner down the left."""
    side, along = divmod(position, 90)
    return (complex(-1, 2 * along / 90 - 1)) * (-1j) ** int(side) if side < 4 else complex(-1, -1)


def inside(point: complex, corners: list[complex]) -> bool:
    """Even-odd rule."""
    hit = False
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        if (a.imag > point.imag) != (b.imag > point.imag):
            t = (point.imag - a.imag) / (b.imag - a.imag)
            hit ^= point.real < a.real + t * (b.real - a.real)
    return hit


@given(a=positions, b=positions)
@settings(deadline=None)
def test_a_polygon_takes_its_share_of_the_perimeter(a: float, b: float) -> None:
    start, end = sorted((a, b))
    assert float(polygon(start, end).float().mean()) == pytest.approx(
        (end - start) / 360, abs=0.006
    )


@given(a=positions, b=positions, seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_it_is_the_polygon_of_centre_start_corners_between_and_end(
    a: float, b: float, seed: int
) -> None:
    start, end = sorted((a, b))
    corners = [vertex(corner) for corner in (90, 180, 270) if start < corner < end]
    outline = [0j, vertex(start), *corners, vertex(end)]
    mask = polygon(start, end, 64)
    rng = np.random.default_rng(seed)
    for row, column in rng.integers(0, 64, (20, 2)).tolist():
        point = complex((column + 0.5) / 32 - 1, (row + 0.5) / 32 - 1)
        near_an_edge = min(abs(point - p * t) for p in (outline[1], outline[-1]) for t in TS) < 0.05
        assert near_an_edge or bool(mask[row, column]) == inside(point, outline)


@given(a=positions, b=positions)
@settings(deadline=None)
def test_a_corner_is_in_exactly_if_it_is_strictly_between(a: float, b: float) -> None:
    start, end = sorted((a, b))
    mask = polygon(start, end)
    for corner, (row, column) in {90: (-1, 0), 180: (-1, -1), 270: (0, -1)}.items():
        if min(abs(start - corner), abs(end - corner)) > 0.5:
            assert bool(mask[row, column]) == (start < corner < end)


@given(start=st.floats(0, 300), width=st.floats(20, 60))
@settings(deadline=None)
def test_it_begins_at_the_centre(start: float, width: float) -> None:
    rows, columns = torch.nonzero(polygon(start, start + width)).T
    middle = (PX - 1) / 2
    assert float(torch.hypot(rows - middle, columns - middle).min()) < 8


@given(a=positions)
@settings(deadline=None)
def test_two_stretches_of_the_whole_rim_are_complements(a: float) -> None:
    assert bool((polygon(0, a) ^ polygon(a, 360.001)).all())


@given(seed=st.integers(0, 500))
@settings(max_examples=30, deadline=None)
def test_no_polygon_wraps_past_360(seed: int) -> None:
    mask = circlemix_masks(1, 64, np.random.default_rng(seed), CPU)[0]
    inside = rim_positions(64, CPU)[mask]
    if len(inside):
        outside = rim_positions(64, CPU)[~mask]
        between = (outside > inside.min()) & (outside < inside.max())
        assert not bool(between.any())


@pytest.mark.parametrize("px", [15, 64, 65])
def test_every_pixel_looks_at_one_place_of_the_rim(px: int) -> None:
    rim = rim_positions(px, CPU)
    assert float(rim.min()) >= 0
    assert float(rim.max()) < 360
    assert float(rim[px // 2, 0]) == pytest.approx(45, abs=90 / px)
    assert float(rim[-1, px // 2]) == pytest.approx(135, abs=90 / px)
    assert float(rim[px // 2, -1]) == pytest.approx(225, abs=90 / px)
    assert float(rim[0, px // 2]) == pytest.approx(315, abs=90 / px)


@given(seed=st.integers(0, 500))
@settings(max_examples=30, deadline=None)
def test_cutmix_boxes_are_boxes_within_the_image(seed: int) -> None:
    mask = cutmix_masks(1, 40, np.random.default_rng(seed), CPU)[0]
    rows, columns = mask.any(dim=1), mask.any(dim=0)
    assert torch.equal(mask, rows[:, None] & columns[None, :])
    for edge in (rows, columns):
        at = torch.nonzero(edge)
        assert len(at) == 0 or len(at) == int(at.max() - at.min()) + 1


def test_cutmix_boxes_away_from_the_edge_are_of_uniform_area() -> None:
    masks = cutmix_masks(4000, 40, np.random.default_rng(0), CPU)
    ends = torch.tensor([0, -1])
    whole = ~(masks[:, ends].any(dim=(1, 2)) | masks[:, :, ends].any(dim=(1, 2)))
    sides = masks[whole].any(dim=1).sum(dim=1)
    assert int(sides.max()) > 30
    assert float(masks.float().mean()) == pytest.approx(0.34, abs=0.03)


def batch(n: int = 6, px: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    """Images of one value each, each of a class of its own."""
    images = torch.arange(n).float()[:, None, None, None].expand(n, 3, px, px).contiguous()
    return images.to(memory_format=torch.channels_last), torch.eye(n)


@given(
    kind=st.sampled_from(["circlemix", "cutmix"]),
    per=st.sampled_from(["batch", "sample"]),
    seed=st.integers(0, 500),
)
@settings(deadline=None)
def test_labels_weigh_what_is_seen(kind: str, per: str, seed: int) -> None:
    images, shares = batch()
    recipe = Mixing.model_validate({"kind": kind, "per": per})
    mixed = mix(images, shares, np.random.default_rng(seed), recipe)
    seen = torch.stack([(mixed.images[:, 0] == i).float().mean(dim=(1, 2)) for i in range(6)], 1)
    torch.testing.assert_close(mixed.shares, seen)
    torch.testing.assert_close(mixed.shares.sum(dim=1), torch.ones(6))


@pytest.mark.parametrize(("per", "different"), [("batch", 1), ("sample", 6)])
def test_a_batch_shares_one_mask_or_each_image_has_its_own(per: str, different: int) -> None:
    images, shares = batch()
    recipe = Mixing.model_validate({"kind": "circlemix", "per": per})
    for seed in range(20):
        mixed = mix(images, shares, np.random.default_rng(seed), recipe)
        moved = mixed.images[:, 0] != images[:, 0]
        masks = {tuple(mask.flatten().tolist()) for mask in moved if mask.any()}
        assert len(masks) <= different
    assert len(masks) > different // 2


@pytest.mark.parametrize("recipe", [Mixing(), Mixing(kind="circlemix", probability=0.0)])
def test_without_mixing_everything_stays(recipe: Mixing) -> None:
    images, shares = batch()
    mixed = mix(images, shares, np.random.default_rng(0), recipe)
    assert torch.equal(mixed.images, images)
    assert torch.equal(mixed.shares, shares)


def test_the_probability_says_how_often() -> None:
    images, shares = batch(4, 8)
    recipe, rng = Mixing(kind="circlemix", probability=0.3), np.random.default_rng(0)
    mixed = [not torch.equal(mix(images, shares, rng, recipe).images, images) for _ in range(600)]
    assert np.mean(mixed) == pytest.approx(0.3 * 23 / 24, abs=4 * math.sqrt(0.21 / 600))


def test_images_stay_channels_last() -> None:
    images, shares = batch()
    mixed = mix(images, shares, np.random.default_rng(0), Mixing(kind="circlemix"))
    assert mixed.images.is_contiguous(memory_format=torch.channels_last)
