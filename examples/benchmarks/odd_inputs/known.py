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
NUMBERS = "Dates, durations and numbers as strings are no numbers until converted."
DIVERGED = "Training that diverges is an error: MLPClassifier keeps what came of it."
TWO_CLASSES = "One class is nothing to learn, and mostly a mistake in cutting the data."
INDICATOR = "MLPClassifier takes a matrix of other codes than 0 and 1 for an indicator."
NO_SCORES = "GridSearchCV takes the first candidate where none has a score."
OWN_FUNCTION = "A function of the user's own raises, or returns what it must not."
SEED = "None as seed draws from NumPy's global generator, as in scikit-learn."

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
    ("* X: numbers as strings", NUMBERS),
    ("* X: bytes", NUMBERS),
    ("* X: dates", NUMBERS),
    ("* X: durations", NUMBERS),
    ("* X: DataFrame of dates", NUMBERS),
    ("*fit X: *1e300", DIVERGED),
    ("*fit X: float32 1e30", DIVERGED),
    ("*fit X: an entry of 1e308", DIVERGED),
    ("classifier l2: 1e300", "Beyond 1e38 it is infinite in single precision."),
    ("*.fit y: one class", TWO_CLASSES),
    ("*.fit y: two classes, one once", TWO_CLASSES),
    ("classifier.fit sample_weight: one class weighs nothing", TWO_CLASSES),
    ("search cv: training part of one class", TWO_CLASSES),
    ("*: indicator of * and *", INDICATOR),
    ("classifier.* sample_weight: negative", "Negative weights maximize the loss."),
    ("classifier size: *array*", "Sizes are an int, a tuple or a list."),
    ("classifier size: *", "A network without hidden layers is LogisticRegression."),
    ("classifier validation_fraction: *", "Nothing would be held out."),
    ("classifier constructor: *", "The error names the parameter that it is here."),
    ("search cv: no validation part", NO_SCORES),
    ("search refit: *", "One entry is monitored: refit names none of several."),
    ("search scoring: a metric, no scorer", NO_SCORES),
    (
        "search scoring: function that returns a complex",
        "Complex scores have no order.",
    ),
]

OTHER_WORDS = [
    ("classifier.score *", "ClassifierMixin.score, as of any classifier."),
    ("classifier *: Fraction", "scikit-learn's check of parameters knows no Fraction."),
    ("classifier callbacks: str.split", OWN_FUNCTION),
    ("classifier learning_rate: *", OWN_FUNCTION),
    ("classifier in TensorFlow, learning_rate: *", OWN_FUNCTION),
    ("search refit: *", OWN_FUNCTION),
]

CHANGES = [
    ("*random_state: None", SEED),
    ("*param_grid: None among seeds", SEED),
    ("classifier callbacks: *", "TensorFlow sets variables as it is imported."),
]


def find_known(known, name):
    """Pattern and reason of what is known of a case, or None."""
    for pattern, reason in known:
        if fnmatchcase(name, pattern):
            return pattern, reason
    return None
