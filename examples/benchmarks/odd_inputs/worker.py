"""Run cases, and write a line of JSON before and after each side of them.

Numbers of the cases are the arguments. Whatever the cases print is thrown away.
"""

import json
import os
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from odd_inputs.cases import list_cases
from odd_inputs.judge import run

MOST_MEMORY = 24 * 2**30  # address space; TensorFlow reserves some of that


def main():
    """Run the cases whose numbers are given."""
    channel = os.fdopen(os.dup(1), "w")
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 1)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    cases = list_cases()

    def tell(**message):
        print(json.dumps(message), file=channel, flush=True)

    for number in map(int, sys.argv[1:]):
        case = cases[number]
        for side in ("ours", "theirs"):
            prepare = getattr(case, side)
            if prepare is not None:
                tell(number=number, side=side)
                tell(number=number, side=side, **run(prepare))


if __name__ == "__main__":
    main()
