"""What the benchmarks of speed print and write: figures beside their goals."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Figure(NamedTuple):
    """One figure, and what it should be."""

    what: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.at_least is None and self.at_most is None:
            return None
        low, high = self.at_least, self.at_most
        return bool((low is None or self.value >= low) and (high is None or self.value <= high))

    @property
    def goal(self) -> str:
        """The goal in words."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"


def parser(text: str | None) -> argparse.ArgumentParser:
    """A parser whose benchmark may write its figures."""
    made = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--out", type=Path, help="write the figures here (JSON)")
    return made


def tell(figures: Sequence[Figure], out: Path | None) -> None:
    """Print figures as a table, and write them."""
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    width = max(len(figure.what) for figure in figures)
    for figure in figures:
        mark = {True: "met", False: "NOT MET", None: ""}[figure.met]
        value = f"{figure.value:.4g} {figure.unit}"
        print(f"{figure.what:{width}}  {value:>16}  {figure.goal:>8}  {mark}", flush=True)
    if out:
        rows = [f._asdict() | {"value": float(f.value), "met": f.met} for f in figures]
        out.write_text(json.dumps(rows, indent=1), encoding="utf-8")
