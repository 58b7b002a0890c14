"""Whether a fit is one of several: what it writes, the others must not write, too."""

from contextvars import ContextVar

one_of_several = ContextVar("one_of_several", default=False)
