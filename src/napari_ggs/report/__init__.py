"""The results of a slide as files that people and programs read."""

from napari_ggs.report.results import RunInfo, refuse_overwriting, write_results

__all__ = ["RunInfo", "refuse_overwriting", "write_results"]
