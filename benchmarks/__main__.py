"""All benchmarks, one after the other: `python -m benchmarks`. Their tables are gathered in benchmarks/README.md."""

from benchmarks import course, epoch, race, scaling, startup, strips, tables, together

HEAD = """# Benchmarks

`make bench` runs these scripts and writes this page; each can also be run alone. Absolute times drift on a shared
machine, so what counts are the ratios of figures that were taken in turns in one run.

The tables stand by kind of processor, and `results/` has a folder for each.

How pictures look no table says: `python -m benchmarks.pictures` paints eight pairs by the recipes that it is given,
onto one sheet, with the figures of `python -m neural_style.judge` below each.

Why a race never reaches the peer's last objective as it counts it, pixels not clipped (SqueezeNet, 240 pixels, 150
iterations, Intel Xeon with AMX, commit 9214e59): ours ends at 1.006 of it; with pixels not clipped at 1.005; with
convolutions in float32, too, at 1.003; with L-BFGS remembering 100 pairs as the peer's does, not 12, at 0.994, which is
reached in 0.80 of its time. Those pairs are 200 pictures in memory, and pixels that are not clipped make the pictures
as saved worse: their style distance ends at 0.193, not 0.183.
"""


def main(arglist=None):
    """Run all benchmarks and gather their tables on a page."""
    out = tables.parser(__doc__).parse_args(arglist).out
    for benchmark in (startup, epoch, course, race, scaling, strips, together):
        benchmark.main(["--out", str(out)])
    gather(out)


def gather(out):
    """Write the page of a folder's tables; of all kinds of processors, where they were met."""
    kept = tables.RESULTS.glob("*/*.md") if out.parent == tables.RESULTS else out.glob("*.md")
    page = tables.page(out)
    page.write_text("\n".join([HEAD, *(path.read_text() for path in sorted(kept) if path != page)]))


if __name__ == "__main__":
    main()
