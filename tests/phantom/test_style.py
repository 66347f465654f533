"""Stain and scanner: Beer and Lambert's law, styles within what laboratories do."""

import numpy as np
import pytest

from napari_ggs.phantom.style import Style, draw_style


def test_unstained_glass_is_white() -> None:
    nothing = np.zeros((4, 5), np.float32)
    rgb = Style(white=(243.0, 244.0, 245.0)).rgb(nothing, nothing, nothing)
    assert rgb.shape == (4, 5, 3)
    assert (rgb == (243, 244, 245)).all()


def test_stain_takes_light_away_as_its_optical_density_says() -> None:
    style = Style()
    one, none = np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32)
    for stains, row in (((one, none), 0), ((none, one), 1)):
        found = style.rgb(*stains, none)[0, 0].astype(float)
        expected = np.array(style.white) * np.exp(-style.optical_density()[row])
        np.testing.assert_allclose(found, expected, atol=1)


def test_the_99th_percentile_means_the_laboratory_s_maximum() -> None:
    density = Style().optical_density()
    np.testing.assert_allclose(np.linalg.norm(density, axis=1), [1.83, 1.44], rtol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_drawn_styles_stay_within_what_laboratories_and_scanners_do(seed: int) -> None:
    style = draw_style(seed)
    assert style == draw_style(seed)
    haematoxylin, pas = style.haematoxylin, style.pas
    assert haematoxylin[0] > pas[0]
    assert pas[1] > haematoxylin[1]
    assert all(225 < level < 255 for level in style.white)
    assert 1.0 < style.pas_max < 2.3
    assert 1.0 < style.haematoxylin_max < 2.8
    assert 60 <= style.quality <= 95
