"""What a report calls cases, sections and files: nothing that names a person unless asked."""

import hashlib
import re
from collections.abc import Collection, Sequence

from napari_ggs.review.sections import Section
from napari_ggs.store.pseudonyms import Names, folder_name

_LONGEST = 60
_NUMBERED = re.compile(r"\d{1,3}")


def section_names(sections: Sequence[Section], names: Names) -> list[str]:
    """What the sections of a slide are called; names that people gave them are free words."""
    given = [one.name for one in sections]
    if names.identify or all(map(_NUMBERED.fullmatch, given)):
        return given
    return [f"level {i}" for i in range(1, len(given) + 1)]


def case_stem(case: str, every: Collection[str], names: Names) -> str:
    """The name of a case's files, without ending; no two cases have the same.

    Parameters
    ----------
    case : str
    every : collection of str
        All cases of the study.
    names : Names
    """
    stem = _short(names.case(case))
    alike = [one for one in every if _short(names.case(one)).casefold() == stem.casefold()]
    if stem == names.case(case) and len(alike) < 2:
        return stem
    return f"{stem}-{hashlib.sha256(case.encode()).hexdigest()[:8]}"


def _short(name: str) -> str:
    return folder_name(name)[:_LONGEST].strip(". ") or "_"
