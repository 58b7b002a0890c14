"""scikit-learn's estimator checks of the classifier, with no expected failure.

The vectorizer's and the search's are in their own test files.
"""

import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from skimdb import KerasMLPClassifier


# The meta-estimator, when it is given infinity as a label.
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
@parametrize_with_checks(
    [
        KerasMLPClassifier(),
        KerasMLPClassifier(n_hidden_layers=0),
        KerasMLPClassifier((8, 8, 4), dropout=0.3, l2=0.01),
        KerasMLPClassifier(early_stopping=True),
        CalibratedClassifierCV(KerasMLPClassifier(random_state=0), cv=2),
    ]
)
def test_estimator_checks(estimator, check):
    check(estimator)
