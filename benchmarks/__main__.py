"""All benchmarks, one after the other: `python -m benchmarks`. Their tables are gathered in benchmarks/README.md."""

from benchmarks import course, epoch, race, scaling, startup, strips, tables, together

HEAD = """# Benchmarks

`make bench` runs these scripts and writes this page; each can also be run alone. Absolute times drift on a shared
machine, so what counts are the ratios of figures that were taken in turns in one run.

How pictures look is not in these tables: `python -m benchmarks.pictures` paints eight pairs by the recipes
that it is given, onto one sheet, with the figures of `python -m neural_style.judge` below each.
"""


def main(arglist=None):
    """Run all benchmarks and gather their tables on a page."""
    out = tables.parser(__doc__).parse_args(arglist).out
    for benchmark in (startup, epoch, course, race, scaling, strips, together):
        benchmark.main(["--out", str(out)])
    pages = [path.read_text() for path in sorted(out.glob("*.md")) if path.name != "README.md"]
    page = out.parent / "README.md" if out == tables.RESULTS else out / "README.md"
    page.write_text("\n".join([HEAD, *pages]))


if __name__ == "__main__":
    main()
