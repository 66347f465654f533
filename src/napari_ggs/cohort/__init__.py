"""Many slides on dask.distributed: a manifest in, runs of a study out; it goes on where it was.

Nothing here brings dask or torch in before it is needed.
"""
