"""What compressed tiles say of themselves."""

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.slides.codestream import chroma_is_subsampled, claimed_size, components

PIXELS = np.zeros((30, 44, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "data",
    [
        imagecodecs.jpeg8_encode(PIXELS),
        imagecodecs.jpeg2k_encode(PIXELS, codecformat="j2k"),
        imagecodecs.jpeg2k_encode(PIXELS, codecformat="jp2"),
        imagecodecs.webp_encode(PIXELS),
        imagecodecs.webp_encode(PIXELS, lossless=True),
        imagecodecs.webp_encode(np.dstack([PIXELS, PIXELS[..., 0]]), level=50),
    ],
    ids=["JPEG", "JPEG 2000", "JP2", "VP8", "VP8L", "VP8X"],
)
def test_the_size_in_the_header_is_found(data: bytes) -> None:
    assert claimed_size(data) == (44, 30)
    assert not chroma_is_subsampled(data)


@pytest.mark.parametrize("number", [1, 3, 4])
def test_components_are_counted(number: int) -> None:
    pixels = np.zeros((30, 44, number), dtype=np.uint8)
    assert components(imagecodecs.jpeg2k_encode(pixels, codecformat="j2k")) == number


@given(
    st.binary(max_size=60),
    st.sampled_from(
        [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\0\0", b"RIFF1234WEBPVP8X", b"\xff\x4f\xff\x51"]
    ),
)
def test_junk_has_no_size_and_does_no_harm(junk: bytes, start: bytes) -> None:
    size = claimed_size(start + junk)
    assert size is None or len(size) == 2
    assert chroma_is_subsampled(start + junk) in (True, False)
    assert components(start + junk) is None or len(junk) > 30
