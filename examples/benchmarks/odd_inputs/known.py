"""What is as it is, with the reasons: a pattern of the names of cases, and why.

`DIFFERENCES` are cases in which a peer goes through and we do not. `OTHER_WORDS` are
errors that other libraries raise with nothing to be added. `CHANGES` are changes of
global state.
"""

from fnmatch import fnmatchcase

TABLE = "CountVectorizer takes the names of a table's columns for the documents."
ROWS = "CountVectorizer takes rows of a matrix for lists of words."
SET = "A set has no order, so its rows would belong to no labels."
KINDS = "Terms are all texts or all integers: columns of both have no order."
NO_TERMS = "What was fitted is of texts: no token id could be among its terms."
MALFORMED = "scikit-learn reads beyond the arrays of a malformed matrix, and may crash."
NUMBERS = "Dates, durations and numbers as strings are no numbers until converted."
TWO_CLASSES = "One class is nothing to learn, and mostly a mistake in cutting the data."
INDICATOR = "MLPClassifier takes a matrix of other codes than 0 and 1 for an indicator."
NO_SCORES = "GridSearchCV takes the first candidate where none has a score."
DIVERGES = "Training diverges, which MLPClassifier does not see."

DIFFERENCES = [
    ("vectorizer encoding: *", "An unknown encoding is refused before bytes come."),
    ("vectorizer stop_words: *", "Stop words that are no strings leave out nothing."),
    ("vectorizer vocabulary: '1'", "A text is no vocabulary; its letters would be."),
    ("vectorizer vocabulary: DataFrame", TABLE),
    ("vectorizer.*: set", SET),
    ("vectorizer.*: frozenset", SET),
    ("vectorizer.*: exhausted generator", "An iterator that is used up is a mistake."),
    ("vectorizer.*DataFrame*", TABLE),
    ("vectorizer.*: polars frame*", ROWS),
    ("vectorizer.*: Arrow table", ROWS),
    ("vectorizer.*column*of texts", ROWS),
    ("vectorizer.*: ids, *", ROWS),
    ("vectorizer.*: sparse matrix", ROWS),
    ("vectorizer.fit_transform (lists of words): ids of *", "Integers below 2**63."),
    ("vectorizer.fit_transform (lists of words): *", KINDS),
    ("vectorizer.transform (lists of words): *", NO_TERMS),
]

OTHER_WORDS = []

CHANGES = [
    ("classifier random_state: None", "None draws from NumPy's global generator."),
    ("*param_grid: lambdas", "None as seed draws from NumPy's global generator."),
]


def find_reason(known, name):
    """Reason of what is known of a case, or None."""
    for pattern, reason in known:
        if fnmatchcase(name, pattern):
            return reason
    return None
