"""From a template to a page: one file that needs neither a server nor a network."""
from functools import lru_cache

import jinja2

from ..files import write_bytes


def write(page, template, **names):
    """Fill in a template and write the page, whole or not at all.

    Parameters
    ----------
    page : Path
    template : str
        The name of a file in `templates`.
    **names
        What the template speaks of.

    Raises
    ------
    OSError
        If the page cannot be written.
    """
    write_bytes(page, rendered(template, **names))


def rendered(template, **names):
    """The bytes of a page (see `write`)."""
    # a file name that is not text (stray bytes) must not keep the page from being written
    return _templates().get_template(template).render(names).encode("utf-8", "replace")


@lru_cache(maxsize=1)
def _templates():
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("neural_style.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters["duration"] = _duration
    templates.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return templates


def _duration(seconds):
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.3g} s"
