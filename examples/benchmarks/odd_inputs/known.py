"""Known differences from the peers: a pattern of the names of cases, and the reason.

`DIFFERENCES` are inputs that a peer accepts and skimdb does not. `OTHER_WORDS` are
errors of other libraries that need no addition. `CHANGES` are changes of global state.
"""

from fnmatch import fnmatchcase

TABLE = "CountVectorizer takes the names of the columns of a table for the documents."
ROWS = "CountVectorizer takes rows of a matrix for lists of words."
SET = "A set has no order, so its rows would not match the labels."
KINDS = "Terms must be all strings or all integers: columns of both have no order."
NO_TERMS = "The vectorizer was fitted to texts: no token id can be among its terms."
DIVERGED = "Training that diverges is an error; MLPClassifier returns the last weights."
TWO_CLASSES = "A single class usually means a mistake in splitting the data."
INDICATOR = "MLPClassifier takes a matrix of other codes than 0 and 1 for an indicator."
NO_SCORES = "Without any score, GridSearchCV chooses the first candidate."
OWN_FUNCTION = "A function of the user raises, or returns an invalid value."
AS_FOR_X = "scikit-learn's checks, as for X, y and sample_weight."
SEED = "The seed None draws from NumPy's global generator, as in scikit-learn."

DIFFERENCES = [
    ("vectorizer encoding: *", "An unknown encoding is an error before any bytes."),
    ("vectorizer stop_words: *", "Stop words that are not strings remove nothing."),
    ("vectorizer vocabulary: '1'", "A string is not a vocabulary of its letters."),
    ("vectorizer vocabulary: DataFrame", TABLE),
    ("vectorizer vocabulary: iterator", "A clone could not go through it again."),
    ("vectorizer.*: set", SET),
    ("vectorizer.*: exhausted generator", "An exhausted iterator is a mistake."),
    ("vectorizer.*DataFrame*", TABLE),
    ("vectorizer.*: polars frame", ROWS),
    ("vectorizer.*: Arrow table", ROWS),
    ("vectorizer.*: one column", ROWS),
    ("vectorizer.*: array", ROWS),
    ("vectorizer.*: ids with NaN", ROWS),
    ("vectorizer.*: sparse matrix", ROWS),
    ("vectorizer.fit_transform (lists of words): *", KINDS),
    ("vectorizer.transform (lists of words): *", NO_TERMS),
    ("*fit X: *1e[+]30*", DIVERGED),
    ("*fit X: float32 1e30", DIVERGED),
    ("classifier l2: 1e[+]300", "Beyond 1e38 it is infinite in single precision."),
    ("*.fit y: times 0", TWO_CLASSES),
    ("classifier.fit sample_weight: one class weighs nothing", TWO_CLASSES),
    ("search cv: training part of one class", TWO_CLASSES),
    ("*: one and two", INDICATOR),
    ("*: signs", INDICATOR),
    ("classifier.* sample_weight: all -1", "Negative weights maximize the loss."),
    ("classifier size: *array*", "Sizes are an int, a tuple or a list."),
    ("classifier size: *", "A network without hidden layers is LogisticRegression."),
    ("classifier validation_fraction: *", "Nothing would be held out."),
    ("search cv: first 40, validated on 0 to 0", NO_SCORES),
    ("search refit: *", "One entry is monitored: refit names none of several."),
    ("search scoring: metric", NO_SCORES),
    ("search scoring: function that returns 1j", "Complex scores have no order."),
]

OTHER_WORDS = [
    ("classifier.score *", "ClassifierMixin.score, as for any classifier."),
    ("classifier *: Fraction*", "scikit-learn's validation does not support Fraction."),
    ("classifier callbacks: split", OWN_FUNCTION),
    ("classifier learning_rate: *", OWN_FUNCTION),
    ("classifier in TensorFlow learning_rate: *", OWN_FUNCTION),
    ("*.predict* X: *", AS_FOR_X),
    ("search.score X: *", AS_FOR_X),
    ("classifier.partial_fit classes: lists", "NumPy says that the lengths differ."),
    ("vectorizer dtype: *", "SciPy and NumPy name the type that they do not know."),
    ("classifier.* X_val: *", AS_FOR_X),
    ("classifier.* y_val: *", AS_FOR_X),
    ("classifier.* sample_weight_val: *", AS_FOR_X),
    ("classifier in TensorFlow.fit *", AS_FOR_X),
    ("epoch_curve *", "As for the search."),
    ("vectorizer encoding: *", "Python names the unknown encoding."),
    ("draw_curves history: texts", "pandas names the value that is not a number."),
]

CHANGES = [
    ("*random_state: None", SEED),
    ("*param_grid: {'random_state': *", SEED),
    ("classifier callbacks: *", "TensorFlow sets variables when it is imported."),
]

NOT_FINITE = [("epoch_curve scoring: function that returns *", OWN_FUNCTION)]


def find_known(known, name):
    """Return the first entry of `known` for the name of a case, or None."""
    return next((entry for entry in known if fnmatchcase(name, entry[0])), None)
