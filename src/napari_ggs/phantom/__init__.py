"""Synthetic PAS kidney slides with known truth."""

from napari_ggs.phantom.slide import PhantomSlide
from napari_ggs.phantom.style import Style
from napari_ggs.phantom.writer import write_slide, write_truth

__all__ = ["PhantomSlide", "Style", "write_slide", "write_truth"]
