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
from odd_inputs.known import KNOWN, find_reason
from odd_inputs.processes import run_cases


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
    found = {cases[n].name: judge(cases[n].name, n, outcomes) for n in numbers}
    found = {name: problems for name, problems in found.items() if problems}
    print_summary(numbers, outcomes)
    print_differences(cases, numbers, outcomes)
    if options.only == "*":
        names = [case.name for case in cases]
        for pattern, _ in KNOWN:
            if not fnmatch.filter(names, pattern):
                found[f"known difference {pattern!r}"] = ["fits no case"]
    for name, problems in found.items():
        for problem in problems:
            print(f"- {name}: {problem}")
    print(f"\n{len(found)} to look at, {time.monotonic() - start:.0f} s")
    sys.exit(bool(found))


def judge(name, number, outcomes):
    """List what is wrong with a case."""
    ours, theirs = outcomes[number, "ours"], outcomes.get((number, "theirs"))
    if "crash" in ours:
        return [f"CRASH, {ours['crash']}"]
    problems = list(ours["faults"])
    if ours["where"] not in (None, "skimdb", "sklearn", "user", "call"):
        problems.append(f"raised at {ours['where']}: {ours['error']}")
    if is_different(ours, theirs) and find_reason(name) is None:
        problems.append(f"the peer goes through, ours does not: {ours['error']}")
    return problems


def is_different(ours, theirs):
    """Tell whether the peer goes through, well and not by chance, and we do not."""
    if theirs is None or "crash" in theirs or theirs["faults"]:
        return False
    return theirs["error"] is None and ours.get("error") is not None


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
        faults = collections.Counter(
            fault.split(" MB")[0].rstrip("0123456789 ")
            for o in all_
            for fault in o.get("faults", ())
        )
        by_itself = sum(
            o.get("where") not in (None, "skimdb", "sklearn", "user", "call")
            for o in all_
        )
        print(f"{who}: {dict(counts)}, errors without words: {by_itself}")
        print(f"    {dict(faults)}")


def print_differences(cases, numbers, outcomes):
    """Print the known differences that were met, with their reasons."""
    met = collections.Counter(
        find_reason(cases[n].name)
        for n in numbers
        if is_different(outcomes[n, "ours"], outcomes.get((n, "theirs")))
    )
    print("A peer goes through and we do not, since")
    for reason, times in met.items():
        print(f"  {times:4}  {reason}")


if __name__ == "__main__":
    main()
