"""What people and slides are called in an export: a pseudonym by a keyed hash, or their names.

A pseudonym is the start of HMAC-SHA256 of a name (of a slide: of its content's fingerprint) under
a key of 32 random bytes. The key lies beside the study, as ``STUDY.ggs.key``, readable by its
owner alone, and never leaves with an export: whoever has it and a list of names can tell who is
who; nobody else can. As long as the key is kept, the same name has the same pseudonym in every
export of the study. Another study has another key, and so has a copy elsewhere: the export of a
whole study does not hold the key, since it has the names, and both together would tell who is who
in everything that was ever published. Whoever wants the same pseudonyms in a copy copies the key
too, and gives it the copy's name.
"""

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from napari_ggs.files import explained
from napari_ggs.store.errors import StoreError
from napari_ggs.store.slides import StoredSlide

KEY_BYTES = 32
DIGITS = 16
"""Hexadecimal digits of a pseudonym: two of a million names are alike once in 37 million."""


@dataclass(frozen=True)
class Names:
    """What an export calls patients, slides and readers.

    Attributes
    ----------
    key : bytes or None
        Of the study; None gives the names themselves.
    """

    key: bytes | None

    @classmethod
    def of(cls, study: Path, identify: bool = False) -> Self:
        """The pseudonyms of a study, whose key is made if there is none; or, if asked, the names.

        Raises
        ------
        UserError
            If the key cannot be read or written.
        """
        return cls(None if identify else study_key(study))

    @property
    def identify(self) -> bool:
        """Whether the names themselves are given."""
        return self.key is None

    def patient(self, name: str) -> str:
        """What a patient is called."""
        return self._called("patient", name)

    def case(self, name: str) -> str:
        """What a case is called."""
        return self._called("case", name)

    def reader(self, name: str) -> str:
        """What a reader is called."""
        return self._called("reader", name)

    def slide(self, slide: StoredSlide) -> str:
        """What a slide is called; no two are called the same, and a renamed one stays the same.

        Its name is followed by the start of its fingerprint, since two slides may have one name.
        """
        if self.key is None:
            return f"{folder_name(slide.name)}-{slide.fingerprint[:8]}"
        return self._called("slide", slide.fingerprint)

    def content(self, slide: StoredSlide) -> str:
        """What stands for a slide's content in the ids of objects."""
        return slide.fingerprint if self.key is None else self.slide(slide)

    def _called(self, kind: str, name: str) -> str:
        if self.key is None or not name:
            return name
        digest = hmac.new(self.key, f"{kind}\0{name}".encode(), hashlib.sha256).hexdigest()
        return f"{kind}-{digest[:DIGITS]}"


def folder_name(name: str) -> str:
    """A name as that of a folder, on any system."""
    return re.sub(r"[^\w .-]", "_", name).strip(". ") or "_"


def key_path(study: Path) -> Path:
    """Where the key of a study's pseudonyms lies."""
    return study.with_name(f"{study.name}.key")


def study_key(study: Path) -> bytes:
    """The key of a study's pseudonyms, from the file beside it; made at the first time.

    Raises
    ------
    StoreError
        If the file there is no key.
    UserError
        If it cannot be read or written.
    """
    path = key_path(study)
    with explained(path):
        with suppress(FileExistsError):
            _make_key(path)
        key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise StoreError(
            f"{path} is no key for pseudonyms ({len(key)} bytes, not {KEY_BYTES}): put the right "
            "one back from a copy, or remove it; all pseudonyms are others then."
        )
    return key


def _make_key(path: Path) -> None:
    """Write a new key, for its owner's eyes alone, unless one is there."""
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(secrets.token_bytes(KEY_BYTES))
        opened.flush()
        os.fsync(opened.fileno())
