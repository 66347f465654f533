"""Whether a review speaks for all of its slide's tissue."""

from napari_ggs.viewer.slide_review import SlideReview

SEARCHING = "Still searching: the numbers grow."
CUT_OFF = "The search was cut off: a part of the tissue was not searched. Detect again for all."
REGION = "Only a region of the slide was searched."
LITTLE = 0.005
"""A share of the tissue that is not worth a word."""


def extent_of(review: SlideReview) -> str:
    """What to know of how much was searched; "" if it was all."""
    run, info = review.image.metadata.get("run"), review.described()
    if run is not None and run.review is review and run.running and not info.complete:
        return SEARCHING
    if not info.complete:
        return CUT_OFF
    if info.region is not None:
        return REGION
    missed = info.missed or 0.0
    return f"{100 * missed:.0f} % of the tissue was not analysed." if missed > LITTLE else ""
