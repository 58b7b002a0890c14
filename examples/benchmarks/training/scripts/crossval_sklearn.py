"""One cross-validation of a network on texts: scikit-learn."""

import warnings

from reading import print_result, read, read_arguments
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # few epochs are meant
folder, epochs, seed, _ = read_arguments()
texts, y = read(folder, "texts")
pipe = make_pipeline(
    CountVectorizer(max_features=10_000, binary=True),
    MLPClassifier((32, 32), max_iter=epochs, batch_size=256, random_state=seed),
)
print_result(accuracy=cross_val_score(pipe, texts, y, cv=4).mean())
