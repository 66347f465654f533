"""Phantoms in real tissue: on tissue, clear of what is there, in the host's colours."""

import numpy as np
import pytest

from napari_ggs import circles as geometry
from napari_ggs.lesions import GGS, NON_GLOMERULUS
from napari_ggs.training.aidpath import labelled_fields
from napari_ggs.training.composing import compose, composed, fields_with_compositions


@pytest.fixture(scope="module")
def host(real_data):
    return next(f for f in labelled_fields(real_data / "aidpath") if f.name == "aidpath-A")


@pytest.fixture(scope="module")
def laid(host):
    return compose(host.image, host.mpp, host.glomeruli, 12, np.random.default_rng(3))


@pytest.mark.real_data
def test_what_is_laid_in_lies_apart_from_all_else(host, laid) -> None:
    everything = np.concatenate([host.glomeruli, laid.circles])
    assert len(laid.circles) == len(laid.labels) >= 6
    assert len(geometry.touching(everything)) == 0


@pytest.mark.real_data
def test_the_host_is_untouched_elsewhere_but_for_compression(host, laid) -> None:
    y, x = np.mgrid[: host.image.shape[0], : host.image.shape[1]]
    near = np.zeros(x.shape, bool)
    for cx, cy, radius in laid.circles:
        near |= np.hypot(x - cx, y - cy) < radius + 120
    change = np.abs(laid.image.astype(int) - host.image).mean(axis=2)
    assert change[~near].mean() < 4
    for cx, cy, radius in laid.circles:
        assert change[np.hypot(x - cx, y - cy) < 0.8 * radius].mean() > 12


@pytest.mark.real_data
def test_classes_are_the_scheme_s_and_some_are_hard_negatives(host) -> None:
    mix = {"disappearing": 1.0}
    rng = np.random.default_rng(8)
    found = compose(host.image, host.mpp, host.glomeruli, 10, rng, mix).labels
    assert set(found) == {"disappearing", NON_GLOMERULUS} < set(GGS.classes)


def test_on_glass_nothing_is_laid() -> None:
    glass = np.full((800, 800, 3), 240, np.uint8)
    assert compose(glass, 0.5, np.empty((0, 3)), 5, np.random.default_rng(0)).labels == []


@pytest.mark.real_data
def test_a_composition_belongs_to_its_host_and_leaves_it_as_it_was(host) -> None:
    made = composed(host, np.random.default_rng(1), 0)
    assert made.patient == host.patient != made.name
    n = len(host.glomeruli)
    np.testing.assert_array_equal(made.glomeruli[:n], host.glomeruli)
    assert made.labels[:n] == host.labels
    assert len(made.labels) == len(made.glomeruli) > n
    assert len(made.others) > len(host.others)


@pytest.mark.real_data
def test_no_composition_is_made_of_who_is_left_out(real_data) -> None:
    left_out = [f.patient for f in labelled_fields(real_data / "aidpath")][:-1]
    names = [f.name for f in fields_with_compositions(real_data / "aidpath", 1, left_out)]
    assert [name for name in names if "composed" in name] == [names[-1]]
    assert len(names) == len(left_out) + 2
