"""``python -m napari_ggs``: the command line."""

from napari_ggs.cli import main

main()
