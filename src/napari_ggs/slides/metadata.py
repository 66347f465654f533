"""What a slide says about itself, reduced to what cannot name a patient."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

APERIO = "Aperio"

KEPT = {
    "AppMag": "magnification",
    "MPP": "microns per pixel",
    "Filtered": "filter",
    "Gamma": "gamma",
    "ICC Profile": "colour profile",
}
"""Keys of an Aperio description that are passed on; all others may hold names, dates, barcodes."""

BLOCK = 64 * 1024
BLOCKS = 16


def aperio_fields(description: str) -> dict[str, str]:
    """Split an Aperio image description (``text|key = value|...``) into its keys."""
    fields = (part.partition("=") for part in description.split("|")[1:])
    return {key.strip(): value.strip() for key, equals, value in fields if equals}


def without_phi(fields: Mapping[str, str]) -> dict[str, str]:
    """Keep the technical fields of an Aperio description, under plain names."""
    return {name: fields[key] for key, name in KEPT.items() if key in fields}


def content_fingerprint(path: Path) -> str:
    """Identity of a file's content, whatever its name: 32 hexadecimal digits.

    Hashes the size, the first and last 64 KiB and blocks evenly between them (1 MiB in all), so
    that it takes milliseconds for gigabytes. A changed pixel may go unnoticed, another scan not:
    the tables of tile offsets and sizes differ.
    """
    size = path.stat().st_size
    digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=16)
    with path.open("rb") as file:
        for i in range(BLOCKS):
            file.seek(max(0, size - BLOCK) * i // (BLOCKS - 1), os.SEEK_SET)
            digest.update(file.read(BLOCK))
    return digest.hexdigest()
