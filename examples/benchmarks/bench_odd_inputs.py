"""Give bad and odd inputs to skimdb, and to its peers in scikit-learn.

Constructors and methods of the classifier, of the vectorizer and of the search, and
`epoch_curve`, `fetch_imdb` and `decode_review` get odd inputs, next to MLPClassifier,
CountVectorizer and GridSearchCV. The script reports

- crashes and hangs,
- numbers that are not finite, without a warning,
- errors from other libraries without a message of skimdb or scikit-learn, unless the
  peer gives the same error,
- estimators that an error has changed,
- cases that a peer accepts and skimdb does not, unless `odd_inputs/known.py` has the
  reason.

It ends with status 1 if there is anything to report.
"""

import sys
import time
from collections import Counter
from fnmatch import fnmatchcase

from harness.options import count, make_parser
from odd_inputs.cases import list_cases
from odd_inputs.known import CHANGES, DIFFERENCES, NOT_FINITE, OTHER_WORDS, find_known
from odd_inputs.processes import run_cases

TABLES = {
    "A peer accepts the input and skimdb does not:": DIFFERENCES,
    "Errors of other libraries:": OTHER_WORDS,
    "Changes for all:": CHANGES,
    "Numbers that are not finite, without a warning:": NOT_FINITE,
}


def judge(name, ours, theirs):
    """Return the problems of a case, and entries of `TABLES` that explain others."""
    if "crash" in ours:
        return [f"CRASH, {ours['crash']}"], []
    found = [
        (NOT_FINITE if fault.startswith("not finite") else CHANGES, fault)
        for fault in ours["faults"]
    ]
    is_ours = ours["where"] in (None, "skimdb", "sklearn", "user", "call")
    if not is_ours and ours["error"] != (theirs or {}).get("error"):
        found.append((OTHER_WORDS, f"raised at {ours['where']}: {ours['error']}"))
    accepted = theirs and theirs.get("faults") == [] and theirs["error"] is None
    if ours["error"] and accepted:
        text = f"the peer accepts it, skimdb does not: {ours['error']}"
        found.append((DIFFERENCES, text))
    entries = [(find_known(table, name), text) for table, text in found]
    problems = [text for entry, text in entries if entry is None]
    return problems, [entry for entry, _ in entries if entry is not None]


def print_summary(outcomes):
    """Print the number of outcomes of each kind."""
    for who in ("ours", "theirs"):
        some = [outcome for (_, side), outcome in outcomes.items() if side == who]
        counts = Counter(
            "crash" if "crash" in o else "error" if o["error"] else "accepted"
            for o in some
        )
        faults = Counter(fault for o in some for fault in o.get("faults", ()))
        print(f"{who}: {len(some)} cases, {dict(counts)} {dict(faults) or ''}")


def main():
    parser = make_parser(__doc__, source=False)
    parser.add_argument("--only", default="*", help="pattern of the names of cases")
    parser.add_argument("--limit", type=float, default=60, help="seconds for each")
    parser.add_argument("--jobs", type=count, default=2, help="processes at a time")
    options = parser.parse_args()
    start = time.monotonic()
    cases = [case.name for case in list_cases()]
    numbers = [i for i, name in enumerate(cases) if fnmatchcase(name, options.only)]
    outcomes = run_cases(list_cases, numbers, limit=options.limit, jobs=options.jobs)
    found, met = [], Counter()
    for i in numbers:
        problems, known = judge(
            cases[i], outcomes[i, "ours"], outcomes.get((i, "theirs"))
        )
        found += [f"{cases[i]}: {problem}" for problem in problems]
        met.update(known)
    print_summary(outcomes)
    for heading, table in TABLES.items():
        print(heading)
        counts = Counter()
        for entry in table:
            counts[entry[1]] += met[entry]
        for reason, times in counts.most_common():
            print(f"  {times:4}  {reason}")
        if options.only == "*":
            found += [f"known, but not met: {e}" for e in table if not met[e]]
    print(*(f"- {problem}" for problem in found), sep="\n")
    print(f"\n{len(found)} to look at, {time.monotonic() - start:.0f} s")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
