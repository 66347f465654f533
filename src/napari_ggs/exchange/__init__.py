"""Foreign formats: reading circles in any of them, writing them in most."""

from napari_ggs.exchange.reading import read_circles
from napari_ggs.exchange.writing import convert, write_circles

__all__ = ["convert", "read_circles", "write_circles"]
