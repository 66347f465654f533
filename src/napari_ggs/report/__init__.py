"""The results of a slide as files that people and programs read."""

from napari_ggs.report.results import RunInfo, write_results

__all__ = ["RunInfo", "write_results"]
