"""Nuclei have the size, place and density that their table says."""

import numpy as np
import pytest

from napari_ggs.phantom.nuclei import KINDS, Nuclei, draw_nuclei, make_nuclei


def _one(**changes: float) -> Nuclei:
    values = {
        "x": 20.0, "y": 30.0, "length": 8.0, "width": 6.0,
        "angle": 0.0, "density": 0.5, "vesicular": 0.0,
    } | changes  # fmt: skip
    return Nuclei(**{name: np.array([value]) for name, value in values.items()})


@pytest.mark.parametrize("mpp", [0.25, 0.5])
def test_a_nucleus_lies_where_and_as_large_as_said(mpp: float) -> None:
    shape = (int(60 / mpp), int(50 / mpp))
    chromatin, cover = draw_nuclei(_one(), shape, mpp, np.random.default_rng(0))
    rows, columns = np.nonzero(cover > 0.5)
    assert (columns.mean() + 0.5) * mpp == pytest.approx(20, abs=0.8)
    assert (rows.mean() + 0.5) * mpp == pytest.approx(30, abs=0.8)
    assert len(rows) * mpp**2 == pytest.approx(np.pi * 4 * 3, rel=0.3)
    assert chromatin[cover > 0.9].mean() == pytest.approx(0.5, rel=0.3)


def test_a_nucleus_lies_along_its_angle() -> None:
    _, cover = draw_nuclei(
        _one(length=12.0, width=3.0, angle=np.pi / 2), (240, 200), 0.25, np.random.default_rng(1)
    )
    rows, columns = np.nonzero(cover > 0.5)
    assert np.ptp(rows) > 2 * np.ptp(columns)


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_nuclei_are_alike(kind: str) -> None:
    rng = np.random.default_rng(2)
    made = make_nuclei(rng, kind, rng.uniform(0, 100, (200, 2)))
    assert made.length.mean() == pytest.approx(KINDS[kind].length, rel=0.1)
    assert made.length.std() > 0.5
    assert made.density.std() > 0.05
    assert (made.vesicular >= 0).all()
    assert (made.vesicular <= 1).all()


def test_nuclei_across_the_border_are_cut_and_those_outside_left_out() -> None:
    rng = np.random.default_rng(3)
    places = np.array([[0.0, 5.0], [-50.0, 5.0], [9.9, 9.9]])
    chromatin, cover = draw_nuclei(make_nuclei(rng, "tubular", places), (20, 20), 0.5, rng)
    assert cover[10, 0] > 0.5
    assert np.isfinite(chromatin).all()


def test_no_nuclei_leave_the_canvas_empty() -> None:
    rng = np.random.default_rng(4)
    chromatin, cover = draw_nuclei(make_nuclei(rng, "podocyte", np.empty((0, 2))), (9, 9), 0.5, rng)
    assert chromatin.sum() == 0
    assert cover.sum() == 0
