"""Slides as vendors write them, small, with pixels that are known."""

import struct
from collections.abc import Iterable, Sequence
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tifffile
from PIL import Image

from .conftest import Pixels, picture

NM = 500
"""Nanometres per pixel of level 0."""

HALF_MICRON = {"resolution": (20_000, 20_000), "resolutionunit": "CENTIMETER"}


class Area(NamedTuple):
    """What was scanned of a glass: place in nanometres, and levels."""

    left: int
    top: int
    levels: Sequence[Pixels]


def area_levels(
    width: int, height: int, seed: int, factor: int = 4, count: int = 3
) -> list[Pixels]:
    """A picture and smaller ones, each cut down to whole pixels as scanners do."""
    sides = [(width // factor**i, height // factor**i) for i in range(count)]
    return [picture(*side, seed=seed + i) for i, side in enumerate(sides)]


def write_scn(path: Path, glass: tuple[int, int], areas: Sequence[Area]) -> Path:
    """Leica SCN: an overview of all the glass (nanometres) and areas in bright field."""
    pages: list[Pixels] = [picture(64, 48, seed=99)]
    images = [_scn_image("macro", (0, 0), glass, [(0, pages[0])])]
    for index, area in enumerate(areas):
        numbered = list(enumerate(area.levels, start=len(pages)))
        pages += area.levels
        height, width, _ = area.levels[0].shape
        place, size = (area.left, area.top), (width * NM, height * NM)
        images.append(_scn_image(f"area {index}", place, size, numbered))
    text = (
        '<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'
        f'<collection sizeX="{glass[0]}" sizeY="{glass[1]}"><barcode>RG9l</barcode>'
        f"{''.join(images)}</collection></scn>"
    )
    return write_pages(path, pages, [text], bigtiff=True)


def _scn_image(
    name: str, place: tuple[int, int], size: tuple[int, int], levels: Iterable[tuple[int, Pixels]]
) -> str:
    dimensions = "".join(
        f'<dimension ifd="{page}" r="{r}" sizeX="{level.shape[1]}" sizeY="{level.shape[0]}"/>'
        for r, (page, level) in enumerate(levels)
    )
    return (
        f'<image name="{name}"><pixels>{dimensions}</pixels>'
        f'<view sizeX="{size[0]}" sizeY="{size[1]}" offsetX="{place[0]}" offsetY="{place[1]}"/>'
        "<scanSettings><objectiveSettings><objective>20</objective></objectiveSettings>"
        "<illuminationSettings><illuminationSource>brightfield</illuminationSource>"
        "</illuminationSettings></scanSettings></image>"
    )


def write_pages(
    path: Path,
    pages: Sequence[Pixels],
    descriptions: Sequence[str | None] = (),
    bigtiff: bool = False,
    **options: Any,
) -> Path:
    """Write tiled pages of a TIFF, each with its description; options may be lists of each page."""
    texts = [*descriptions, *[None] * len(pages)]
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as writer:
        for index, pixels in enumerate(pages):
            own = {k: v[index] if isinstance(v, list) else v for k, v in options.items()}
            usual = {"tile": (64, 64), "photometric": "rgb", "compression": "jpeg"}
            settings = usual | HALF_MICRON | {"software": False} | own
            writer.write(pixels, description=texts[index], metadata=None, **settings)
    return path


def write_philips(path: Path, levels: Sequence[Pixels]) -> Path:
    """Philips TIFF: pages padded to whole tiles, spacings in XML."""
    spacings = "".join(
        '<DataObject ObjectType="PixelDataRepresentation"><Attribute Name="DICOM_PIXEL_SPACING">'
        f'"{0.0005 * 2**i}" "{0.0005 * 2**i}"</Attribute></DataObject>'
        for i in range(len(levels))
    )
    text = (
        '<DataObject ObjectType="DPUfsImport"><Attribute Name="PIM_DP_SCANNED_IMAGES"><Array>'
        '<DataObject ObjectType="DPScannedImage"><Attribute Name="PIM_DP_IMAGE_TYPE">WSI'
        '</Attribute><Attribute Name="DICOM_PIXEL_SPACING">"0.0005" "0.0005"</Attribute>'
        '<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE"><Array>'
        f"{spacings}</Array></Attribute></DataObject></Array></Attribute></DataObject>"
    )
    padded = [
        np.pad(p, [(0, -s % 64) for s in p.shape[:2]] + [(0, 0)], mode="edge") for p in levels
    ]
    flags = [0] + [1] * (len(levels) - 1)
    return write_pages(path, padded, [text], software="Philips DP v1.0", subfiletype=flags)


def write_trestle(path: Path, levels: Sequence[Pixels]) -> Path:
    """Trestle: microns per pixel where others have pixels per inch."""
    text = "Background Color=FFFFFF;Objective Power=20;OverlapsXY= 0 0 0 0"
    return write_pages(
        path,
        levels,
        [text],
        software="MedScan",
        resolution=(0.5, 0.5),
        resolutionunit="NONE",
    )


def write_bif(path: Path, level: Pixels) -> Path:
    """Ventana BIF: one area of whole tiles that do not overlap, numbered from the bottom row up."""
    rows, columns = level.shape[0] // 64, level.shape[1] // 64
    joints = "".join(_bif_joints(rows, columns))
    text = (
        '<EncodeInfo Ver="2"><SlideStitchInfo><ImageInfo AOIScanned="1" AOIIndex="0" Width="64" '
        f'Height="64" NumRows="{rows}" NumCols="{columns}" Pos-X="0" Pos-Y="0">{joints}'
        '</ImageInfo></SlideStitchInfo><AoiOrigin><AOI0 OriginX="0" OriginY="0"/></AoiOrigin>'
        "</EncodeInfo>"
    )
    scan = '<iScan Magnification="20" ScanRes="0.5" Z-layers="1"/>'
    label = picture(64, 64, seed=5)
    packets = [[(700, "B", len(t), t.encode(), True)] for t in (scan, text)]
    return write_pages(
        path, [label, level], ["Label Image", "level=0 mag=20 quality=90"], extratags=packets
    )


def _bif_joints(rows: int, columns: int) -> Iterable[str]:
    def number(row: int, column: int) -> int:
        up = rows - 1 - row
        return up * columns + (columns - 1 - column if up % 2 else column) + 1

    shape = '<TileJointInfo FlagJoined="1" Confidence="99" Direction="{}" Tile1="{}" Tile2="{}" '
    for row in range(rows):
        for column in range(columns):
            if column:
                yield shape.format("RIGHT", number(row, column - 1), number(row, column))
                yield 'OverlapX="0" OverlapY="0"/>'
            if row:
                yield shape.format("UP", number(row, column), number(row - 1, column))
                yield 'OverlapX="0" OverlapY="0"/>'


def write_ndpi(path: Path, levels: Sequence[Pixels]) -> Path:
    """Hamamatsu NDPI: each level one JPEG."""
    tags = [
        [(65420, "I", 1, 1, True), (65421, "f", 1, 20 / 2**i, True), (65424, "i", 1, 0, True)]
        for i in range(len(levels))
    ]
    return write_pages(path, levels, tile=None, rowsperstrip=10_000, extratags=tags)


def write_vms(path: Path, level: Pixels, overview: Pixels) -> Path:
    """Hamamatsu VMS: a text file beside JPEGs."""
    for name, pixels in (("image.jpg", level), ("map.jpg", overview), ("macro.jpg", overview)):
        Image.fromarray(pixels).save(
            path.with_name(name),
            quality=90,
            subsampling=0,
            restart_marker_blocks=pixels.shape[1] // 16,
        )
    height, width, _ = level.shape
    path.write_text(
        "[Virtual Microscope Specimen]\nNoLayers=1\nNoJpegColumns=1\nNoJpegRows=1\n"
        "ImageFile=image.jpg\nMapFile=map.jpg\nMacroImage=macro.jpg\nSourceLens=20\n"
        f"PhysicalWidth={width * NM}\nPhysicalHeight={height * NM}\n"
    )
    return path


def write_mrxs(path: Path, levels: Sequence[Pixels], empty: int = 0) -> Path:
    """3DHISTECH MIRAX: an overview, and beside it a folder of an index and images of 64 px.

    Each level is half the one before. The first `empty` rows and columns of the images of the
    coarsest level, and what they cover, were not scanned.
    """
    Image.fromarray(levels[-1]).save(path, format="JPEG")
    folder = path.with_suffix("")
    folder.mkdir()
    columns, rows = levels[0].shape[1] // 64, levels[0].shape[0] // 64
    (folder / "Slidedat.ini").write_text(_slidedat(columns, rows, len(levels)))
    data, pages = bytearray(b"none"), []
    for exponent, level in enumerate(levels):
        pages.append(_mrxs_images(level, exponent, columns, empty << len(levels) - 1, data))
    (folder / "Data0000.dat").write_bytes(data)
    (folder / "Index.dat").write_bytes(_mrxs_index(pages))
    return path


MRXS_ID = "0123456789ABCDEF"


def _slidedat(columns: int, rows: int, levels: int) -> str:
    zooms = "".join(f"HIER_0_VAL_{i}_SECTION = LEVEL_{i}\n" for i in range(levels))
    sections = "".join(
        f"[LEVEL_{i}]\nOVERLAP_X = 0\nOVERLAP_Y = 0\nMICROMETER_PER_PIXEL_X = {0.5 * 2**i}\n"
        f"MICROMETER_PER_PIXEL_Y = {0.5 * 2**i}\nIMAGE_FORMAT = PNG\nIMAGE_CONCAT_FACTOR = "
        f"{int(i > 0)}\nIMAGE_FILL_COLOR_BGR = 16777215\nDIGITIZER_WIDTH = 64\n"
        "DIGITIZER_HEIGHT = 64\n"
        for i in range(levels)
    )
    return (
        f"[GENERAL]\nSLIDE_VERSION = 01.02\nSLIDE_ID = {MRXS_ID}\nIMAGENUMBER_X = {columns}\n"
        f"IMAGENUMBER_Y = {rows}\nOBJECTIVE_MAGNIFICATION = 20\n"
        "[HIERARCHICAL]\nHIER_COUNT = 1\nNONHIER_COUNT = 0\nINDEXFILE = Index.dat\n"
        f"HIER_0_NAME = Slide zoom level\nHIER_0_COUNT = {levels}\n{zooms}"
        f"[DATAFILE]\nFILE_COUNT = 1\nFILE_0 = Data0000.dat\n{sections}"
    )


def _mrxs_images(
    level: Pixels, exponent: int, columns: int, empty: int, data: bytearray
) -> list[tuple[int, int, int]]:
    """Append the images of a level; return the number, offset and length of each."""
    images = []
    for row, column in product(range(level.shape[0] // 64), range(level.shape[1] // 64)):
        x, y = column << exponent, row << exponent
        if min(x, y) < empty:
            continue
        png = BytesIO()
        tile = level[row * 64 : row * 64 + 64, column * 64 : column * 64 + 64]
        Image.fromarray(tile).save(png, format="PNG")
        images.append((y * columns + x, len(data), png.tell()))
        data += png.getvalue()
    return images


def _mrxs_index(pages: Sequence[list[tuple[int, int, int]]]) -> bytes:
    """Version, name, two roots, a pointer for each level, and for each level one page."""
    start = len("01.02" + MRXS_ID)
    table = start + 8
    at, body, pointers = table + 4 * len(pages), b"", []
    for images in pages:
        pointers.append(at + len(body))
        body += struct.pack("<4i", 0, at + len(body) + 8, len(images), 0)
        body += b"".join(struct.pack("<4i", *image, 0) for image in images)
    roots = struct.pack(f"<2i{len(pages)}i", table, 0, *pointers)
    return ("01.02" + MRXS_ID).encode() + roots + body
