"""Hypothesis strategy for Glomeruli tables."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.lesions import Scheme

PIXEL = st.floats(-1e5, 1e6, allow_nan=False)
SHARE = st.floats(0, 1)


@st.composite
def tables(draw: st.DrawFn, scheme: Scheme) -> pd.DataFrame:
    """Circles found by a detector or drawn by a person, some labelled."""
    n = draw(st.integers(0, 6))
    rows = st.tuples(PIXEL, PIXEL, st.floats(0.5, 5000))
    circles = draw(st.lists(rows, min_size=n, max_size=n))
    scores = draw(st.lists(SHARE | st.just(np.nan), min_size=n, max_size=n))
    weights = draw(
        st.lists(
            st.lists(
                st.floats(0.01, 1), min_size=len(scheme.classes), max_size=len(scheme.classes)
            ),
            min_size=n,
            max_size=n,
        )
    )
    p = [np.array(row) / sum(row) for row in weights]
    table = glomeruli.build(circles, scores, p, scheme)
    labels = st.sampled_from(["", *scheme.classes])
    table["label"] = pd.array(draw(st.lists(labels, min_size=n, max_size=n)), dtype="str")
    return table
