"""The secret of a study: what makes keys of its patients that nobody can turn back into names.

It lies in the study's file and goes with an export of it, which has the names anyway. A study
that took in another one has the secrets of both, its own first.
"""

import secrets
import sqlite3

from napari_ggs.store.database import Part

SECRET_BYTES = 32


class Secrets(Part):
    """The secrets of a study."""

    def secrets(self) -> list[bytes]:
        """All secrets, 32 bytes each, the study's own first; it is made at the first time.

        Raises
        ------
        StoreError
            If the file cannot be written to and has no secret yet.
        """
        with self.database.reading() as db:
            known = _read(db)
        return known or self._made()

    def _made(self) -> list[bytes]:
        with self.database.writing() as db:
            if not _read(db):  # another process may just have made one
                db.execute(
                    "INSERT INTO secrets (secret) VALUES (?)", (secrets.token_hex(SECRET_BYTES),)
                )
            return _read(db)


def _read(db: sqlite3.Connection) -> list[bytes]:
    return [bytes.fromhex(text) for (text,) in db.execute("SELECT secret FROM secrets NOT INDEXED")]
