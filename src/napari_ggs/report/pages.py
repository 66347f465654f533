"""Self-contained HTML from templates: nothing is fetched, nothing runs, everything is escaped."""

import base64
import hashlib
import platform
import re
from functools import cache
from importlib import metadata
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from napari_ggs import __version__
from napari_ggs.report import formats

GENERATOR = f'<meta name="generator" content="napari-ggs {__version__}">'
OURS = re.compile(r'<meta name="generator" content="napari-ggs [^"]*">')
"""What tells our pages from a person's."""

_TEMPLATES = PackageLoader("napari_ggs.report")


def render(template: str, running: str, **values: Any) -> str:
    """Fill a template.

    Parameters
    ----------
    template : str
        Its file name.
    running : str
        What stands at the foot of every printed page.
    **values
        What the template speaks of.
    """
    env = _environment()
    source, _, _ = _TEMPLATES.get_source(env, "report.css")
    css = source.replace("RUNNING", css_string(running))
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'"
    return env.get_template(template).render(
        css=Markup(css),
        policy=f"{policy}; form-action 'none'",
        versions=versions(),
        generator=Markup(GENERATOR),
        **values,
    )


def versions() -> str:
    """With what a page is made."""
    made_with = ("numpy", "pandas", "scipy", "statsmodels", "jinja2")
    each = [f"{name} {metadata.version(name)}" for name in made_with]
    return ", ".join([f"napari-ggs {__version__}", f"Python {platform.python_version()}", *each])


def css_string(text: str) -> str:
    """Any text as a string of CSS: all but plain letters and digits as their numbers."""
    plain = re.compile(r"[A-Za-z0-9]")
    return '"' + "".join(c if plain.fullmatch(c) else f"\\{ord(c):06x}" for c in text) + '"'


@cache
def _environment() -> Environment:
    env = Environment(
        loader=_TEMPLATES,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = (
        "percent",
        "share",
        "sure",
        "interval",
        "estimate",
        "number",
        "moment",
        "plural",
        "ink",
    )
    env.filters |= {name: getattr(formats, name) for name in names}
    return env
