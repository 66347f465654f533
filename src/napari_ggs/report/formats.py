"""How figures, times and colours stand on a page."""

from datetime import datetime
from math import isnan

from napari_ggs.evaluation import Estimate
from napari_ggs.lesions import Lesion

DASH, PERCENT = "–", "\N{NO-BREAK SPACE}%"
_BLACK, _WHITE = "#000000", "#ffffff"


def percent(value: float | None) -> str:
    """Of a percentage 0 to 100; a dash where there is none."""
    return DASH if value is None or isnan(value) else f"{value:.1f}{PERCENT}"


def share(value: float | None) -> str:
    """Of a share 0 to 1, as a percentage."""
    return percent(None if value is None else 100 * value)


def sure(value: float) -> str:
    """A probability, as a whole percentage."""
    return f">\N{NO-BREAK SPACE}99{PERCENT}" if value > 0.995 else f"{100 * value:.0f}{PERCENT}"


def interval(estimate: Estimate) -> str:
    """The ends of an interval of a share, as percentages."""
    if not estimate.has_interval:
        return DASH
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f}{PERCENT}"


def estimate(value: Estimate) -> str:
    """A share with its interval."""
    return DASH if isnan(value.value) else f"{share(value.value)} ({interval(value)})"


def number(value: float, mean: bool = False) -> str:
    """A count; a mean of counts with one decimal."""
    return f"{value:.1f}" if mean else f"{value:.0f}"


def moment(value: datetime) -> str:
    """To the minute."""
    return f"{value:%Y-%m-%d %H:%M} UTC"


def plural(count: int, word: str, several: str = "") -> str:
    """A number and what is counted."""
    return f"{count} {word if count == 1 else several or word + 's'}"


def ink(lesion: Lesion) -> str:
    """Black or white: what is read better on the colour of a class (WCAG 2.2, contrast ratio)."""
    return max((_BLACK, _WHITE), key=lambda tone: contrast(tone, lesion.colour))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of a hexadecimal RGB colour, 0 to 1 (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
