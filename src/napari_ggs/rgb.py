"""Numbers of red, green and blue: a type that cards know without torch."""

Triple = tuple[float, float, float]
