"""Where the reader of a review has looked: kept in the study, else with the slide's layer."""

from napari_ggs.store import Field
from napari_ggs.viewer.slide_review import SlideReview

SWEPT = "swept"
"""Of the layer's metadata: the fields where there is no study."""


def swept(review: SlideReview) -> list[Field]:
    """The fields that the reader has looked at.

    Raises
    ------
    StoreError
        If the study cannot be read.
    """
    keeping = review.keeping
    if keeping is None:
        return list(review.image.metadata.get(SWEPT, ()))
    return keeping.store.covered(keeping.slide, keeping.who)


def keep_swept(review: SlideReview, field: Field) -> None:
    """Keep that the reader has looked at a field.

    Raises
    ------
    StoreError
        If the case is finished, or the study cannot be written.
    """
    keeping = review.keeping
    if keeping is None:
        review.image.metadata.setdefault(SWEPT, []).append(field)
    else:
        keeping.store.cover(keeping.slide, keeping.session, [field])
