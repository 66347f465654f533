"""Commands for slides: run, view, convert, phantom, demo."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from napari_ggs import console, doctor
from napari_ggs.cli.options import ClassifierName, DetectionScore, DetectorName, Device, Mpp, Share
from napari_ggs.errors import UserError


def run(
    slides: Annotated[list[Path], typer.Argument(help="Slides (SVS, TIFF, DICOM folder, ...).")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    mpp: Mpp = None,
    detector: DetectorName = None,
    classifier: ClassifierName = None,
    t_det: DetectionScore = None,
    t_glom: Share = None,
    device: Device = "auto",
) -> None:
    """Detect and classify the glomeruli of slides.

    Writes for each slide a table (.csv), QuPath annotations (.geojson), a picture (.png) and a
    summary (.json). Exit code 2 if a slide could not be analysed; the others are. Ctrl+C ends
    the slide at hand early and writes what was found (exit code 130).
    """
    from napari_ggs.batch import Settings, run_slides

    settings = Settings.load(detector, classifier, t_det, t_glom, device)
    with console.interruptible() as cancelled:
        code = run_slides(slides, out, settings, mpp, cancelled)
    if code:
        raise typer.Exit(code)


def view(
    slides: Annotated[list[Path] | None, typer.Argument(help="Slides to open.")] = None,
    mpp: Mpp = None,
) -> None:
    """Open slides in napari with the Detect & Classify dock."""
    launch(slides or [], mpp)


def launch(slides: list[Path], mpp: float | None) -> None:
    """Open napari, or say what is missing for it."""
    if not doctor.has_viewer():
        raise UserError(
            "The viewer is not installed: python -m pip install 'napari-ggs[all]' gets napari and "
            "Qt."
        )
    if not doctor.has_display():
        raise UserError("There is no display to open a window on; napari-ggs run needs none.")
    from napari_ggs.viewer import launch as open_viewer

    open_viewer(slides, mpp)


def convert(
    slide: Annotated[Path, typer.Argument(help="A slide of any format, or an address.")],
    out: Annotated[Path, typer.Argument(help="The OME-Zarr to write: a new name in .ome.zarr.")],
    mpp: Mpp = None,
    version: Annotated[
        Literal["0.4", "0.5"], typer.Option("--ome-zarr", help="0.4 is what older programs read.")
    ] = "0.5",
) -> None:
    """Write a slide as OME-Zarr: all levels, without loss, with um/px.

    Neither label nor macro image nor anything that names a patient goes along. Nothing stands
    under the new name before all is written; Ctrl+C leaves nothing (exit code 130).
    """
    from napari_ggs.slides import open_slide
    from napari_ggs.slides.converting import write_ome_zarr

    with open_slide(slide, mpp) as opened, console.interruptible() as cancelled:
        with console.progress(opened.name) as advance:
            complete = write_ome_zarr(opened, out, version, advance, cancelled)
        if not complete:
            from napari_ggs.batch import CANCELLED

            raise typer.Exit(CANCELLED)
        unread = opened.unread_tiles
    console.line(f"{out}: {opened.width} x {opened.height} px, {opened.require_mpp():g} um/px")
    if unread:
        console.line(f"{unread} tiles of {slide.name} could not be read and are grey in {out.name}")


def phantom(
    path: Annotated[Path, typer.Argument(help="The slide to write (.svs).")],
    width: Annotated[float, typer.Option(help="Millimetres.", min=0.2, max=100)] = 5.0,
    height: Annotated[float, typer.Option(help="Millimetres.", min=0.2, max=100)] = 4.0,
    mpp: Annotated[float, typer.Option(help="Microns per pixel.", min=0.1, max=4)] = 0.5,
    seed: Annotated[int, typer.Option(help="The same seed makes the same slide.", min=0)] = 0,
    outline: Annotated[
        Literal["wedge", "needle", "field"], typer.Option(help="field: all of it is tissue.")
    ] = "wedge",
) -> None:
    """Write a synthetic PAS kidney slide with known truth beside it (.truth.csv)."""
    from napari_ggs.demo import write_phantom

    made = write_phantom(path, width, height, mpp, seed, outline)
    console.line(f"{path}: {made} glomeruli; the truth is in {path.with_suffix('.truth.csv')}")


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the slide and the results.")] = Path("demo"),
    view: Annotated[
        bool | None, typer.Option(help="Open napari afterwards.", show_default="if it can")
    ] = None,
) -> None:
    """Run the main job on a phantom slide: make it, detect, classify, write, show."""
    from napari_ggs.demo import run_demo

    slide = run_demo(out)
    if view or (view is None and console.can_show()):
        launch([slide], None)
