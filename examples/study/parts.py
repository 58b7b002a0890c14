"""The frame of both studies.

The data are a Bunch: ``texts`` and ``y`` for training and validation, ``groups`` or
None, ``test_texts`` and ``y_test`` for the test only, and ``noun``, the name of the
texts.
"""

from threadpoolctl import threadpool_limits

from study import tables

RESULT = "The result"  # title of the part that a page begins with


def do_parts(parts, report, *arguments):
    """Do all parts of a study."""
    for title, part in parts.items():
        # Threads for such small matrices cost more than they gain.
        on_top = title == RESULT
        with report.part(title, on_top), threadpool_limits(1, user_api="blas"):
            part(*arguments, report)


def look_at_texts(data, report):
    """Count texts, words and classes."""
    report.table(tables.count_texts(data), "data_counts", f"The {data.noun}")
    classes = tables.count_classes(data)
    report.table(classes.head(30), "data_classes", f"The {data.noun} of each class")
