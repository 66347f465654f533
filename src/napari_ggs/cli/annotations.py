"""Commands for annotations: circles."""

from pathlib import Path
from typing import Annotated

import typer

from napari_ggs import console
from napari_ggs.cli.options import Mpp, Renamed, renamed_classes


def circles(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Circles of one slide: CSV, QuPath GeoJSON, ImageScope XML, labelme or COCO JSON, "
            "label mask (PNG, TIFF)."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file to write (.csv, .geojson, .xml or .json).")],
    slide: Annotated[
        Path | None, typer.Option(help="The slide that they are of: checks and places them.")
    ] = None,
    mpp: Mpp = None,
    written: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="csv, geojson, imagescope, labelme or coco.",
            show_default="as --out ends",
        ),
    ] = None,
    renamed: Renamed = None,
    downsample: Annotated[
        float | None,
        typer.Option(help="Slide pixels per pixel of the mask or annotated image.", min=0.01),
    ] = None,
    image_mpp: Annotated[
        float | None,
        typer.Option(help="Microns per pixel of the mask or annotated image.", min=0.01, max=100),
    ] = None,
    leica: Annotated[
        bool, typer.Option("--leica", help="ImageScope XML of a Leica SCN slide, which it turns.")
    ] = False,
) -> None:
    """Convert outlined glomeruli between CSV, QuPath, ImageScope, labelme and COCO; read masks.

    Outlines, boxes and masks become circles of the same area at their centre of mass. Detections
    that nobody labelled go only into CSV and GeoJSON, which tell them from what people say.
    """
    from contextlib import nullcontext

    from napari_ggs.exchange import convert
    from napari_ggs.glomeruli import classes_in_force
    from napari_ggs.slides import open_slide

    with nullcontext() if slide is None else open_slide(slide, mpp) as opened:
        table, left_out = convert(
            files,
            out,
            opened,
            wanted=written,
            classes=renamed_classes(renamed),
            downsample=downsample,
            image_mpp=image_mpp,
            leica=leica,
        )
    counts = classes_in_force(table).value_counts()
    each = ", ".join(f"{name or 'without a class'} {n}" for name, n in counts.items())
    console.line(f"{out}: {len(table)} circles{f' ({each})' if each else ''}")
    if left_out:
        console.line(
            f"  {left_out} detections that nobody labelled were left out: in such a file they "
            "would pass for a person's. Write CSV or GeoJSON to keep them."
        )
