"""One cross-validation of a network on texts: scikeras."""

import numpy as np
from dense_keras import build_for_scikeras
from reading import print_result, read, read_arguments
from scikeras.wrappers import KerasClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

folder, epochs, seed, _ = read_arguments()
texts, y = read(folder, "texts")
network = {"size": 32, "l2": 0.0, "dropout": 0.0}
compiling = {"optimizer": "rmsprop", "loss": "binary_crossentropy"}
fitting = {"epochs": epochs, "batch_size": 256, "random_state": seed, "verbose": 0}
pipe = make_pipeline(
    CountVectorizer(max_features=10_000, binary=True, dtype=np.float32),
    FunctionTransformer(lambda X: X.toarray(), accept_sparse=True),
    KerasClassifier(build_for_scikeras, **network, **compiling, **fitting),
)
print_result(accuracy=cross_val_score(pipe, texts, y, cv=4).mean())
