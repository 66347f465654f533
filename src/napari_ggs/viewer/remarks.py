"""What one must know to read the result of a run rightly."""

from napari_ggs import glomeruli
from napari_ggs.viewer.slide_run import SlideRun

NOTHING = (
    "No glomerulus was found. Is the pixel size right? A lower detection score shows more circles."
)
NO_TISSUE = "There is no tissue on this slide: nothing was analysed."
NO_TISSUE_THERE = "There is no tissue in the region that was chosen: nothing was analysed."
NO_FILTER = (
    "This classifier has no class for what is not a glomerulus: it rejects none of the circles."
)


def remarks(run: SlideRun) -> list[str]:
    """Sentences on a run that is over; none if the numbers speak for the whole slide."""
    carried = [run.carried.words()] if run.carried is not None else []
    return [*_on_extent(run), *_on_reading(run), *_on_classes(run), *carried]


def _on_extent(run: SlideRun) -> list[str]:
    """How much was looked at, and whether anything was found."""
    if run.without_tissue:
        return [NO_TISSUE_THERE if run.job.region else NO_TISSUE]
    if run.complete:
        return [NOTHING] if run.session.percent_sclerotic() is None else []
    stopped = ["Stopped: this is what was found until then."]
    if run.missed:
        stopped.append(f"{100 * run.missed:.0f} % of the tissue was not analysed.")
    return stopped


def _on_reading(run: SlideRun) -> list[str]:
    """What could not be read."""
    found = []
    if run.unread:
        found.append(f"{100 * run.unread:.1f} % of the tissue could not be read.")
    table = run.session.table
    if unknown := int(glomeruli.unclassified(table, run.session.thresholds).sum()):
        circles = "1 circle has" if unknown == 1 else f"{unknown} circles have"
        found.append(f"{circles} no class, since pixels there could not be read.")
    return found


def _on_classes(run: SlideRun) -> list[str]:
    """What the classifier cannot tell."""
    return [] if run.session.scheme.can_filter or not len(run.session.table) else [NO_FILTER]
