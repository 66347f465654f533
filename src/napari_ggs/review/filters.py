"""Which circles of a review to look at: by class, by what was said of them, by how sure it is."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.glomeruli import STAYING_OUT
from napari_ggs.lesions import Scheme

Status = Literal["all", "not reviewed", "reviewed", "put aside", "marked", "against the model"]
"""================== ==========================================================================
all                everything that is shown
not reviewed       neither named nor put aside
reviewed           named or put aside
put aside          uncertain, ungradable or duplicate
marked             with a flag or a note, or cut by the edge of tissue
against the model  named otherwise than predicted
================== =========================================================================="""

STATUSES: tuple[str, ...] = get_args(Status)


@dataclass(frozen=True)
class Filter:
    """What to look at.

    Attributes
    ----------
    name : str
        A class in force; "" for all.
    status : str
        One of `STATUSES`.
    at_most : float
        Largest probability of the class in force, 0 to 1: less leaves out what is sure.
    """

    name: str = ""
    status: str = "all"
    at_most: float = 1.0

    def rows(self, table: pd.DataFrame, scheme: Scheme) -> pd.Series:
        """Which rows of a review's table it lets through."""
        chosen = _status(table, self.status)
        if self.name:
            chosen &= glomeruli.classes_in_force(table) == self.name
        if self.at_most < 1:
            chosen &= _sureness(table, scheme) <= self.at_most
        return chosen


def _status(table: pd.DataFrame, status: str) -> pd.Series:
    aside = table["assessment"].isin(STAYING_OUT)
    done = (table["label"] != "") | aside
    match status:
        case "not reviewed":
            return ~done
        case "reviewed":
            return done
        case "put aside":
            return aside
        case "marked":
            said = (table["flags"] != "") | (table["note"] != "")
            return said | (table["assessment"] == "cut")
        case "against the model":
            return (table["label"] != "") & (table["label"] != table["predicted"])
    return pd.Series(True, index=table.index)


def _sureness(table: pd.DataFrame, scheme: Scheme) -> pd.Series:
    """Probability of the class in force; 0 where there is none, since nobody is sure there."""
    names = glomeruli.classes_in_force(table)
    sure = pd.Series(0.0, index=table.index)
    for lesion in scheme.lesions:
        sure = sure.mask(names == lesion.name, table[lesion.column])
    return sure.fillna(np.float64(0))
