"""Give bad and odd inputs to everything, and to scikit-learn's peers.

Constructors, `fit`, `partial_fit`, `predict`, `predict_proba` and `score` of the
classifier, of the vectorizer and of the search, and `epoch_curve`, `fetch_imdb` and
`decode_review` get what no one should give them, each in turn, beside MLPClassifier,
CountVectorizer and GridSearchCV. Reported are crashes and hangs, numbers that are not
finite and come without a word, errors that arise within other libraries and have no
words of ours or scikit-learn's, an estimator that an error has changed, and every case
where a peer goes through and we do not, unless `odd_inputs/known.py` has the reason.
It ends with status 1 if there is anything to report.
"""

import collections
import fnmatch
import sys
import time

from harness.options import count, make_parser
from odd_inputs.cases import list_cases
from odd_inputs.known import CHANGES, DIFFERENCES, OTHER_WORDS, find_known
from odd_inputs.processes import run_cases

TABLES = {
    "A peer goes through and we do not:": DIFFERENCES,
    "Errors in the words of others:": OTHER_WORDS,
    "Changes for all:": CHANGES,
}


def main():
    """Run the cases, and report."""
    parser = make_parser(__doc__, source=False)
    parser.add_argument("--only", default="*", help="pattern of the names of cases")
    parser.add_argument("--limit", type=float, default=60, help="seconds for each")
    parser.add_argument("--jobs", type=count, default=2, help="processes at a time")
    options = parser.parse_args()
    start = time.monotonic()
    cases = list_cases()
    numbers = [
        number
        for number, case in enumerate(cases)
        if fnmatch.fnmatchcase(case.name, options.only)
    ]
    outcomes = run_cases(numbers, limit=options.limit, jobs=options.jobs)
    found = []
    met = collections.Counter()
    for number in numbers:
        name = cases[number].name
        problems, known = judge(
            name, outcomes[number, "ours"], outcomes.get((number, "theirs"))
        )
        found += [f"{name}: {problem}" for problem in problems]
        met.update(known)
    print_summary(numbers, outcomes)
    print_known(met)
    if options.only == "*":
        known = {entry for table in TABLES.values() for entry in table}
        found += [f"known, but not met: {entry}" for entry in known - met.keys()]
    for problem in found:
        print(f"- {problem}")
    print(f"\n{len(found)} to look at, {time.monotonic() - start:.0f} s")
    sys.exit(bool(found))


def judge(name, ours, theirs):
    """Judge a case.

    Returns
    -------
    problems : list of str
        What is wrong, and not known.
    known : list of (str, str)
        Entries of the tables of what is known that were met.
    """
    if "crash" in ours:
        return [f"CRASH, {ours['crash']}"], []
    found = [(find_kind(fault), fault) for fault in ours["faults"]]
    if ours["where"] not in (None, "skimdb", "sklearn", "user", "call"):
        found.append((OTHER_WORDS, f"raised at {ours['where']}: {ours['error']}"))
    went_through = theirs and theirs.get("faults") == [] and theirs["error"] is None
    if ours["error"] and went_through:
        text = f"the peer goes through, ours does not: {ours['error']}"
        found.append((DIFFERENCES, text))
    entries = [(find_known(table, name), text) for table, text in found]
    problems = [text for entry, text in entries if entry is None]
    return problems, [entry for entry, _ in entries if entry is not None]


def find_kind(fault):
    """Table that may have a reason for a fault."""
    return CHANGES if fault.startswith("changed for all") else ()


def print_summary(numbers, outcomes):
    """Print how many cases went how."""
    ours = [outcomes[number, "ours"] for number in numbers]
    theirs = [o for (_, side), o in outcomes.items() if side == "theirs"]
    print(f"{len(ours)} cases, {len(theirs)} of them beside a peer")
    for who, all_ in [("ours", ours), ("peers", theirs)]:
        counts = collections.Counter(
            "crash" if "crash" in o else "error" if o["error"] else "went through"
            for o in all_
        )
        faults = collections.Counter(f for o in all_ for f in o.get("faults", ()))
        print(f"  {who}: {dict(counts)} {dict(faults) or ''}")


def print_known(met):
    """Print what was met and is known, with the reasons."""
    for heading, table in TABLES.items():
        print(heading)
        counts = collections.Counter()
        for entry in table:
            counts[entry[1]] += met[entry]
        for reason, times in counts.most_common():
            print(f"  {times:4}  {reason}")


if __name__ == "__main__":
    main()
