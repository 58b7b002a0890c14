"""scikit-learn's estimator checks of the classifier, with no expected failure.

The vectorizer's and the search's are in their own test files.
"""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skimdb import KerasMLPClassifier


@parametrize_with_checks(
    [
        KerasMLPClassifier(),
        KerasMLPClassifier(dropout=0.3, l2=0.01),
        KerasMLPClassifier(early_stopping=True),
        KerasMLPClassifier((8, 8, 4)),
        make_pipeline(MaxAbsScaler(), KerasMLPClassifier()),
    ]
)
def test_estimator_checks(estimator, check):
    check(estimator)
