"""Suggestions of what was probably meant, for error messages."""

import difflib


def suggest_nearest(name, names):
    """Phrase that names the closest match.

    Parameters
    ----------
    name : str
        What was given.
    names : iterable of str
        What exists.

    Returns
    -------
    phrase : str
        Such as ``" Did you mean 'adam'?"``, with a leading blank; empty if nothing is
        close.
    """
    near = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
