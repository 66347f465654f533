"""Chunks that would decode to more than a tile are not decoded."""

import gzip
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from numcodecs import Blosc, Zstd

from napari_ggs.slides import open_slide
from napari_ggs.slides.backend import MAX_TILE_BYTES
from napari_ggs.slides.chunk_claims import check_blosc, check_others, zstd_bytes

from .test_ome_zarr import LEVELS, write_zarr


@given(st.integers(1, 2_000_000).map(bytes))
def test_zstandard_says_how_much_it_holds(data: bytes) -> None:
    assert zstd_bytes(bytes(Zstd(1).encode(data)[:18])) == len(data)


@given(
    st.binary(max_size=40), st.sampled_from([b"", b"\x28\xb5\x2f\xfd", b"\x1f\x8b", b"\x78\x9c"])
)
def test_junk_claims_nothing_and_does_no_harm(junk: bytes, start: bytes) -> None:
    with suppress(ValueError):
        check_others(start + junk)
    with pytest.raises(ValueError, match="Blosc chunk"):
        check_blosc(start + junk)


@pytest.mark.parametrize(
    ("codec", "pack"),
    [
        (zarr.codecs.ZstdCodec(), Zstd(1).encode),
        (zarr.codecs.BloscCodec(), Blosc("zstd").encode),
        (zarr.codecs.GzipCodec(), lambda data: gzip.compress(data, 1)),
    ],
    ids=["zstd", "blosc", "gzip"],
)
def test_a_bomb_is_not_decoded(tmp_path: Path, codec: Any, pack: Callable[..., bytes]) -> None:
    path = write_zarr(tmp_path / "a.zarr", compressors=codec, chunks=(3, 256, 256))
    (path / "s0" / "c" / "0" / "0" / "1").write_bytes(pack(bytes(MAX_TILE_BYTES + 1)))
    with open_slide(path) as slide:
        assert (slide.levels[0][:, 256:] == 243).all()
        assert slide.unread_tiles == 1
        assert np.ptp(slide.levels[0][:, :256]) > 0


@pytest.mark.parametrize("where", ["start", "end"])
@pytest.mark.parametrize("version", ["0.4", "0.5", "sharded"])
def test_a_blosc_chunk_that_was_cut_short_is_not_decoded(
    tmp_path: Path, version: str, where: str
) -> None:
    """The decoder would read beyond its end, and the process would be gone."""
    options: dict[str, Any] = {"compressors": zarr.codecs.BloscCodec(), "chunks": (3, 256, 256)}
    if version == "0.4":
        options["compressors"] = Blosc("zstd")
    if version == "sharded":
        shards = {"shape": (3, 512, 512), "index_location": where}
        options |= {"chunks": (3, 256, 256), "shards": shards}
    path = write_zarr(tmp_path / "a.zarr", "0.4" if version == "0.4" else "0.5", **options)
    with open_slide(path) as slide:
        np.testing.assert_array_equal(slide.levels[0][:], LEVELS[0])
    chunk = next(file for file in (path / "s0").rglob("*0") if file.is_file())
    content = bytearray(chunk.read_bytes())
    header = content.index(b"\x02\x01")
    content[header + 12 : header + 16] = (2**28).to_bytes(4, "little")
    chunk.write_bytes(content)
    with open_slide(path) as slide:
        assert (slide.levels[0][:200, :256] == 243).all()
        assert slide.unread_tiles == 1


def test_every_chunk_of_a_shard_that_is_read_whole_is_looked_at(tmp_path: Path) -> None:
    options = {"chunks": (3, 256, 256), "shards": (3, 256, 256)}
    path = write_zarr(tmp_path / "a.zarr", compressors=zarr.codecs.BloscCodec(), **options)
    shard = path / "s0" / "c" / "0" / "0" / "1"
    content = bytearray(shard.read_bytes())
    content[12:16] = (2**28).to_bytes(4, "little")
    shard.write_bytes(content)
    with open_slide(path) as slide:
        assert (slide.levels[0][:, 256:] == 243).all()
        np.testing.assert_array_equal(slide.levels[0][:, :256], LEVELS[0][:, :256])
