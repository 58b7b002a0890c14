"""One cross-validation of a network on texts: Keras on dense arrays."""

import keras
import numpy as np
from dense_keras import compile_network
from reading import print_result, read, read_arguments
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import StratifiedKFold

folder, epochs, seed, _ = read_arguments()
texts, y = read(folder, "texts")
texts = np.array(texts, dtype=object)
keras.utils.set_random_seed(seed)
scores = []
for train, test in StratifiedKFold(4).split(texts, y):
    vectorizer = CountVectorizer(max_features=10_000, binary=True, dtype=np.float32)
    X = vectorizer.fit_transform(texts[train]).toarray()
    model = compile_network(X.shape[1], 32)
    model.fit(X, y[train], epochs=epochs, batch_size=256, verbose=0)
    X_test = vectorizer.transform(texts[test]).toarray()
    scores.append(model.evaluate(X_test, y[test], verbose=0)[1])
print_result(accuracy=np.mean(scores))
