"""OME-Zarr on a web server and on S3."""

import pickle
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from napari_ggs.slides import SlideError, open_slide
from napari_ggs.slides.converting import write_ome_zarr
from napari_ggs.slides.locations import address_of

from .conftest import HALF_MICRON, picture, write_tiff
from .serving import Ranges, Whole, serving

PIXELS = picture(1700, 1100)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a folder with one slide as OME-Zarr 0.4 and 0.5."""
    folder = tmp_path_factory.mktemp("served")
    write_slides(folder)
    with serving(folder) as address:
        yield address


def write_slides(folder: Path) -> None:
    path = write_tiff(folder / "slide.tif", [PIXELS], **HALF_MICRON)
    with open_slide(path) as slide:
        for version in ("0.4", "0.5"):
            write_ome_zarr(slide, folder / f"{version}.ome.zarr", version)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_slide_on_a_web_server_is_read(served: str, version: str) -> None:
    with open_slide(f"{served}/{version}.ome.zarr") as slide:
        assert (slide.backend, slide.name, slide.mpp) == ("zarr", version, 0.5)
        np.testing.assert_array_equal(slide.levels[0][:], PIXELS)
        again = pickle.loads(pickle.dumps(slide))  # noqa: S301
        assert again == slide == open_slide(slide.path)
        assert again.fingerprint == slide.fingerprint


def test_threads_read_a_web_server_at_once(served: str) -> None:
    with open_slide(f"{served}/0.5.ome.zarr") as slide, ThreadPoolExecutor(12) as pool:
        tiles = list(pool.map(lambda i: slide.read(31 * i, 17 * i, 200, 200), range(48)))
    for i, tile in enumerate(tiles):
        np.testing.assert_array_equal(tile, PIXELS[17 * i :][:200, 31 * i : 31 * i + 200])


def test_a_whole_level_of_many_chunks_does_not_wait_for_itself(served: str) -> None:
    with open_slide(f"{served}/0.4.ome.zarr") as slide:
        np.testing.assert_array_equal(slide.as_dask(0).compute(), PIXELS)
        assert slide.levels[1][:].shape == (550, 850, 3)


class Failing(Ranges):
    """A server that can be told to fail."""

    failing = False

    def do_GET(self) -> None:
        if self.failing:
            self.send_error(503)
        else:
            super().do_GET()


@pytest.mark.parametrize("how", ["fails", "loses the files"])
def test_a_slide_that_vanishes_while_it_is_read_is_grey_and_counted(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_slides(tmp_path)
    with serving(tmp_path, Failing) as address, open_slide(f"{address}/0.4.ome.zarr") as slide:
        np.testing.assert_array_equal(slide.read(0, 0, 300, 300), PIXELS[:300, :300])
        if how == "fails":
            monkeypatch.setattr(Failing, "failing", True)
        else:
            shutil.rmtree(tmp_path / "0.4.ome.zarr")
        assert (slide.read(1200, 100, 300, 300) == 243).all()
        assert slide.unread_tiles == 1
        np.testing.assert_array_equal(slide.read(0, 0, 300, 300), PIXELS[:300, :300])


def refusal(address: str) -> str:
    with pytest.raises(SlideError) as caught:
        open_slide(address)
    return str(caught.value)


def test_what_cannot_be_reached_is_refused_with_the_reason(served: str, tmp_path: Path) -> None:
    assert "cannot be opened as OME-Zarr" in refusal(f"{served}/absent.ome.zarr")
    with serving(tmp_path) as gone:
        pass
    assert "Cannot connect to host" in refusal(f"{gone}/slide.ome.zarr")


def test_a_server_that_cannot_send_parts_of_files_is_named_as_the_reason(tmp_path: Path) -> None:
    write_slides(tmp_path)
    with serving(tmp_path, Whole) as address:
        with open_slide(f"{address}/0.4.ome.zarr") as slide:
            np.testing.assert_array_equal(slide.levels[0][:], PIXELS)
        assert "the server sends whole files" in refusal(f"{address}/0.5.ome.zarr")


def test_other_formats_are_not_read_over_a_network(served: str) -> None:
    assert "slide.tif cannot be opened as OME-Zarr" in refusal(f"{served}/slide.tif")


def test_an_address_survives_being_a_path() -> None:
    for address in ("https://host/a b/slide.ome.zarr", "s3://bucket/slide.zarr"):
        assert address_of(Path(address)) == address_of(address) == address
    for path in ("/home/a/slide.svs", "slides/https/a.zarr", r"C:\slides\a.svs"):
        assert address_of(path) is None


def test_a_slide_on_s3_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = pytest.importorskip("moto.server", reason="moto is not installed")
    boto3 = pytest.importorskip("boto3")
    write_slides(tmp_path)
    for key, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(key, value)
    moto = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    try:
        host, port = moto.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        bucket = boto3.client("s3", region_name="us-east-1")
        bucket.create_bucket(Bucket="slides")
        for file in (path for path in tmp_path.rglob("*") if path.is_file()):
            bucket.upload_file(str(file), "slides", str(file.relative_to(tmp_path)))
        for version in ("0.4", "0.5"):
            with open_slide(f"s3://slides/{version}.ome.zarr") as slide:
                np.testing.assert_array_equal(slide.levels[0][:], PIXELS)
                assert slide.mpp == 0.5
        assert "cannot be opened as OME-Zarr" in refusal("s3://slides/absent.ome.zarr")
    finally:
        moto.stop()
