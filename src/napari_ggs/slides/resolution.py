"""Microns per pixel from what files say about themselves."""

import math
from collections.abc import Mapping

PLAUSIBLE = (0.05, 20.0)
"""Credible um/px of a slide: a 100x oil scan has 0.05 or more; 72 and 96 dpi are 353 and 265."""

MICRONS = {2: 25_400.0, 3: 10_000.0}
"""Microns of TIFF's ResolutionUnit: 2 is the inch, 3 the centimetre."""


def plausible(mpp: float | None) -> float | None:
    """Return `mpp` if a slide can have it, else None."""
    if mpp is None or not math.isfinite(mpp):
        return None
    return mpp if PLAUSIBLE[0] <= mpp <= PLAUSIBLE[1] else None


UNITS = {"m": 1e6, "cm": 1e4, "mm": 1e3, "µm": 1.0, "μm": 1.0, "um": 1.0, "nm": 1e-3, "Å": 1e-4}
"""Microns of the units in which OME writes lengths: signs of OME-XML, names of OME-Zarr."""
UNITS |= {
    "meter": 1e6,
    "centimeter": 1e4,
    "millimeter": 1e3,
    "micrometer": 1.0,
    "micron": 1.0,
    "nanometer": 1e-3,
    "angstrom": 1e-4,
}


def microns(length: float | None, unit: str) -> float | None:
    """Return a length in microns; None if there is none or its unit is none of length."""
    return None if length is None or unit not in UNITS else length * UNITS[unit]


def number(text: str | None) -> float | None:
    """Read a number as scanners write them, also with a decimal comma; None if it is none."""
    try:
        return float((text or "").strip().replace(",", "."))
    except ValueError:
        return None


def mean_mpp(x: float | None, y: float | None) -> float | None:
    """Return one um/px for both axes, from those that are plausible."""
    found = [value for value in (plausible(x), plausible(y)) if value is not None]
    return sum(found) / len(found) if found else None


def mpp_from_tags(unit: int, x: tuple[int, int] | None, y: tuple[int, int] | None) -> float | None:
    """Um/px from TIFF's ResolutionUnit, XResolution and YResolution (pixels per unit, rational)."""
    return mean_mpp(_microns(unit, x), _microns(unit, y))


def _microns(unit: int, resolution: tuple[int, int] | None) -> float | None:
    if unit not in MICRONS or not resolution or not all(resolution):
        return None
    return MICRONS[unit] * resolution[1] / resolution[0]


def mpp_from_properties(properties: Mapping[str, str]) -> float | None:
    """Um/px from OpenSlide's properties."""
    return mean_mpp(
        number(properties.get("openslide.mpp-x")), number(properties.get("openslide.mpp-y"))
    )
