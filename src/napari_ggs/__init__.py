"""Find, name and review every glomerulus of a PAS kidney slide."""

from importlib.metadata import version

__version__ = version("napari-ggs")
