"""The tables beside a report: counts and circles, as CSV and Parquet."""

from pathlib import Path

import pandas as pd

from napari_ggs.evaluation import Estimate
from napari_ggs.glomeruli import columns
from napari_ggs.report.case_gallery import standing
from napari_ggs.report.case_page import CaseFound
from napari_ggs.report.case_reading import SlideReading

ENDINGS = ("csv", "parquet")


def counts_table(found: CaseFound) -> pd.DataFrame:
    """A row per line of the page's table of counts; percentages are 0 to 100."""
    return pd.DataFrame(
        [
            {
                "case": found.name,
                "where": line.scope,
                "what": line.name,
                "glomeruli": line.tally.count,
                **{name: line.tally.counts[name] for name in line.scheme.glomerular},
                "globally_sclerotic": line.sclerotic,
                "percent_ggs": line.tally.percent,
                **_ends("this_tissue", line.shares.tissue),
                **_ends("this_kidney", line.shares.kidney),
            }
            for line in found.lines
        ]
    ).astype({"percent_ggs": float})


def _ends(name: str, share: Estimate) -> dict[str, float]:
    """An estimate of a share in three columns, as percentages."""
    return {
        name: 100 * share.value,
        f"{name}_low": 100 * share.low,
        f"{name}_high": 100 * share.high,
    }


def circles_table(found: CaseFound) -> pd.DataFrame:
    """A row per circle that was not removed: the columns of `review.export`, and where it counts.

    ``counts_as`` is the class that it counts as, "" if it counts for nothing.
    """
    tables = [_circles(found, counts.reading, counts.placed["section"]) for counts in found.counts]
    return pd.concat(tables, ignore_index=True)


def _circles(found: CaseFound, one: SlideReading, sections: pd.Series) -> pd.DataFrame:
    heading = standing(one)
    counted = heading.where(heading.isin(one.run.scheme.glomerular), "")
    table = one.table.assign(section=sections, counts_as=counted)
    kept = table[~table["removed"].astype(bool)].assign(reviewer=found.subject(one).reviewer)
    front = ["case", "slide", "slide_number", "section", "counts_as"]
    back = ["assessment", "flags", "note", "reviewer"]
    order = [*front, *columns(one.run.scheme), *back]
    named = kept.assign(
        case=found.name, slide=found.names.slide(one.slide), slide_number=one.number
    )
    return named[order].astype({"id": int})


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table by the ending of its path."""
    getattr(table, f"to_{path.suffix[1:]}")(path, index=False)
