"""Which section each circle of a review lies in, kept up to date at little cost."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from napari_ggs.review.sections import Section, section_of

_XY = ["x", "y"]


class Placing:
    """Finds the section of circles; of those that it has placed before, only if they moved.

    Parameters
    ----------
    sections : sequence of Section
    """

    def __init__(self, sections: Sequence[Section]) -> None:
        self._sections = tuple(sections)
        self._known = pd.DataFrame(columns=[*_XY, "section"], dtype=object)

    def placed(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with a column ``section``: the name of each circle's, "" for none.

        Parameters
        ----------
        table : DataFrame
            With x and y in level-0 px; its index holds the handles, each once.
        """
        known = self._known.reindex(table.index)
        moved = (known[_XY].to_numpy(dtype=float) != table[_XY].to_numpy(dtype=float)).any(axis=1)
        names = known["section"].to_numpy(dtype=object, copy=True)
        names[moved] = section_of(table["x"][moved], table["y"][moved], self._sections)
        self._known = table[_XY].assign(section=names)
        return table.assign(section=names)


def in_one(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table of a slide whose sections are not known: all circles are in one."""
    return table.assign(section=np.full(len(table), name, dtype=object))
