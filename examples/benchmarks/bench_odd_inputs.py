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
from odd_inputs.known import CHANGES, DIFFERENCES, OTHER_WORDS, find_reason
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
    print_known(cases, numbers, outcomes)
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
    is_known_change = find_reason(CHANGES, name) is not None
    problems = [
        fault
        for fault in ours["faults"]
        if not (is_known_change and fault.startswith("changed for all"))
    ]
    if is_wordless(ours) and find_reason(OTHER_WORDS, name) is None:
        problems.append(f"raised at {ours['where']}: {ours['error']}")
    if is_different(ours, theirs) and find_reason(DIFFERENCES, name) is None:
        problems.append(f"the peer goes through, ours does not: {ours['error']}")
    return problems


def is_wordless(outcome):
    """Tell whether an error arose by itself, in some other library."""
    return outcome.get("where") not in (None, "skimdb", "sklearn", "user", "call")


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
        by_itself = sum(map(is_wordless, all_))
        print(f"{who}: {dict(counts)}, errors without words: {by_itself}")
        print(f"    {dict(faults)}")


def print_known(cases, numbers, outcomes):
    """Print what was met and is known, with the reasons."""
    different, wordless, changing = (collections.Counter() for _ in range(3))
    for number in numbers:
        name, ours = cases[number].name, outcomes[number, "ours"]
        if is_different(ours, outcomes.get((number, "theirs"))):
            different[find_reason(DIFFERENCES, name)] += 1
        if is_wordless(ours):
            wordless[find_reason(OTHER_WORDS, name)] += 1
        if any(fault.startswith("changed for all") for fault in ours.get("faults", ())):
            changing[find_reason(CHANGES, name)] += 1
    for heading, counts in [
        ("A peer goes through and we do not:", different),
        ("Errors in the words of others:", wordless),
        ("Changes for all:", changing),
    ]:
        print(heading)
        for reason, times in counts.most_common():
            print(f"  {times:4}  {reason or 'NO REASON IS KNOWN'}")


if __name__ == "__main__":
    main()
