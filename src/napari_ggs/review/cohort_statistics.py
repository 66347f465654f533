"""Statistics over the patients of a study: %GGS, subtypes, and groups of patients compared.

The papers' clinical use is such a comparison: solidified and disappearing glomeruli are more
frequent in carriers of two APOL1 risk alleles (Lu et al. 2021, introduction).
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.evaluation.clustered import Contrast, clustered_share, contrast, holm
from napari_ggs.evaluation.estimates import Estimate, wilson
from napari_ggs.lesions import Scheme
from napari_ggs.review.patient_counts import PatientCounts

ALL = "all patients"
SCLEROTIC = "globally sclerotic"
FEWEST_IN_GROUP = 2


@dataclass(frozen=True)
class Share:
    """One share that is estimated: which glomeruli of which.

    Attributes
    ----------
    name : str
    of : str
        What it is a share of.
    hits, n : callable
        Counts by patient to the glomeruli that are meant and to all, by patient.
    """

    name: str
    of: str
    hits: Callable[[PatientCounts], pd.Series]
    n: Callable[[PatientCounts], pd.Series]


def shares_of(scheme: Scheme) -> list[Share]:
    """Sclerotic ones of all; each of several subtypes, of all and of the sclerotic ones."""
    everything = [_of_all(SCLEROTIC, scheme.sclerotic)]
    if len(scheme.sclerotic) > 1:
        everything += [_of_all(scheme[name].title, (name,)) for name in scheme.sclerotic]
        everything += [_of_sclerotic(scheme[name].title, name) for name in scheme.sclerotic]
    return everything


def patient_table(found: PatientCounts) -> pd.DataFrame:
    """A row for each patient: counts, %GGS with Wilson's interval (of this patient's sections)."""
    table = found.counts.copy()
    table["glomeruli"] = found.glomeruli
    each = [wilson(int(k), int(n)) for k, n in zip(found.sclerotic, found.glomeruli, strict=True)]
    table["ggs_percent"] = [100 * one.value for one in each]
    table["ggs_percent_low"] = [100 * one.low for one in each]
    table["ggs_percent_high"] = [100 * one.high for one in each]
    return table.reset_index()


def share_table(found: PatientCounts, groups: pd.Series | None = None) -> pd.DataFrame:
    """Each share over all patients and, if they are grouped, in each group.

    Returns
    -------
    DataFrame
        Columns group, patients, figure, of, value, low, high (shares, 0 to 1) and n (glomeruli).
    """
    parts = {ALL: found}
    if groups is not None:
        parts |= {name: _in(found, groups, name) for name in _names(found, groups)}
    rows = [
        _row(group, part, share, clustered_share(share.hits(part), share.n(part)))
        for group, part in parts.items()
        for share in shares_of(found.scheme)
    ]
    return pd.DataFrame(rows)


def contrast_table(
    found: PatientCounts, groups: pd.Series, reference: str | None = None, seed: int = 0
) -> pd.DataFrame:
    """Each share in each group against that in the reference group.

    Parameters
    ----------
    found : PatientCounts
    groups : Series of str
        The group of each patient (`read_groups`).
    reference : str, optional
        The group that the others are compared with; by default the largest.
    seed : int

    Returns
    -------
    DataFrame
        Columns group, reference, figure, of, the two shares, odds_ratio with low and high, n
        (patients), p, and p_holm, adjusted for all rows.

    Raises
    ------
    UserError
        If there are fewer than two groups of `FEWEST_IN_GROUP` patients, or no such reference.
    """
    names = _names(found, groups)
    base = _reference(found, groups, names, reference)
    rows = [
        _contrast_row(name, base, share, _compared(found, groups, share, (name, base), seed))
        for name in names
        if name != base
        for share in shares_of(found.scheme)
    ]
    table = pd.DataFrame(rows)
    return table.assign(p_holm=holm(table["p"]))


def _of_all(name: str, classes: tuple[str, ...]) -> Share:
    return Share(
        name, "glomeruli", lambda c: c.counts[list(classes)].sum(axis=1), lambda c: c.glomeruli
    )


def _of_sclerotic(name: str, lesion: str) -> Share:
    return Share(name, "sclerotic glomeruli", lambda c: c.counts[lesion], lambda c: c.sclerotic)


def _names(found: PatientCounts, groups: pd.Series) -> list[str]:
    """Groups with patients of the study, sorted."""
    known = groups.reindex(found.counts.index).dropna()
    sizes = known.value_counts()
    named = sorted(sizes.index[sizes >= FEWEST_IN_GROUP])
    if len(named) < 2:
        seen = ", ".join(f"{name}: {n}" for name, n in sizes.items()) or "none"
        raise UserError(
            f"Two groups of {FEWEST_IN_GROUP} patients or more are needed; the table gives the "
            f"patients of this study ({', '.join(map(str, found.counts.index[:5]))} ...) these "
            f"groups: {seen}. Patients are matched by their names in the study."
        )
    return named


def _in(found: PatientCounts, groups: pd.Series, name: str) -> PatientCounts:
    mine = groups.reindex(found.counts.index) == name
    return PatientCounts(found.scheme, found.counts[mine])


def _reference(
    found: PatientCounts, groups: pd.Series, names: list[str], wanted: str | None
) -> str:
    if wanted is None:
        return max(names, key=lambda name: len(_in(found, groups, name).counts))
    if wanted not in names:
        raise UserError(f"There is no group {wanted!r} to compare with: {', '.join(names)}.")
    return wanted


def _compared(
    found: PatientCounts, groups: pd.Series, share: Share, pair: tuple[str, str], seed: int
) -> Contrast:
    one, other = (_in(found, groups, name) for name in pair)
    return contrast(share.hits(one), share.n(one), share.hits(other), share.n(other), seed)


def _row(group: str, part: PatientCounts, share: Share, value: Estimate) -> dict[str, object]:
    about = {"group": group, "patients": len(part.counts), "figure": share.name, "of": share.of}
    return {**about, "value": value.value, "low": value.low, "high": value.high, "n": value.n}


def _contrast_row(group: str, base: str, share: Share, found: Contrast) -> dict[str, object]:
    ratio = found.odds_ratio
    return {
        "group": group,
        "reference": base,
        "figure": share.name,
        "of": share.of,
        "share": found.share.value,
        "reference_share": found.reference.value,
        "odds_ratio": ratio.value,
        "low": ratio.low,
        "high": ratio.high,
        "n": ratio.n,
        "p": found.p,
    }
