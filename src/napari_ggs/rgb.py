"""Red, green and blue: what cards and lists of images know without torch."""

Triple = tuple[float, float, float]
"""Numbers of red, green and blue."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
"""What the file of a ready-made crop may end in."""
