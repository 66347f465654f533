"""Whole-slide images: a path in, pixels at any resolution out."""

from napari_ggs.slides.errors import SlideError
from napari_ggs.slides.opening import open_slide
from napari_ggs.slides.slide import Slide, result_name
from napari_ggs.slides.tissue import Tissue

__all__ = ["Slide", "SlideError", "Tissue", "open_slide", "result_name"]
