"""Where a peer goes through and we do not, each with the reason."""

from fnmatch import fnmatchcase

KNOWN = []


def find_reason(name):
    """Reason of a known difference, or None."""
    for pattern, reason in KNOWN:
        if fnmatchcase(name, pattern):
            return reason
    return None
