"""The sections and the order of the gallery."""

import re

SECTIONS = {
    "The notebook, step by step": [
        "imdb_notebook",
        "quick_start",
        "reviews",
        "holdout",
        "kfold",
        "iterated_kfold",
        "size",
        "regularization",
    ],
    "Tuning": ["epoch_search", "partial_fit", "grid_search"],
    "Your own data": ["own_csv", "star_ratings", "multilabel"],
    "Understanding and improving a network": [
        "which_words_matter",
        "calibration",
        "beyond_the_notebook",
        "callbacks",
    ],
    "More data, more machines": ["larger_than_memory", "cluster"],
}
ORDER = [name for names in SECTIONS.values() for name in names]
HEADING = """.. raw:: html

    </div>

{title}
{underline}

.. raw:: html

    <div class="sphx-glr-thumbnails">

"""


def find_place(filename):
    """Sort key: the place in `ORDER`. Other names follow in alphabetical order.

    Parameters
    ----------
    filename : str

    Returns
    -------
    place : tuple of int and str
    """
    name = str(filename).removeprefix("plot_").removesuffix(".py")
    place = ORDER.index(name) if name in ORDER else len(ORDER)
    return place, name


def add_sections(app, docname, source):
    """Divide the grid of thumbnails into sections. Listens to ``source-read``."""
    if docname != "auto_examples/index":
        return
    start = '.. raw:: html\n\n    <div class="sphx-glr-thumbcontainer"'
    header, *thumbnails = source[0].split(start)
    titles = {names[0]: title for title, names in SECTIONS.items()}
    for i, thumbnail in enumerate(thumbnails):
        name = re.search(r":doc:`/auto_examples/(?:plot_)?(\w+)`", thumbnail)[1]
        title = titles.get(name)
        heading = HEADING.format(title=title, underline="-" * len(title or ""))
        thumbnails[i] = (heading if title else "") + start + thumbnail
    source[0] = header + "".join(thumbnails)
