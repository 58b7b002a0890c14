"""From lists of word ids to a trained network and its validation curve: skimdb.

With a folder as the last argument, Keras's TensorBoard and ModelCheckpoint write their
files there after each epoch.
"""

from reading import make_callbacks, print_curve, read, read_arguments

from skimdb import KerasMLPClassifier, TextMultiHotVectorizer

folder, epochs, seed, logs = read_arguments()
sequences, y = read(folder, "ids")
n_validation = 2 * len(y) // 5
X = TextMultiHotVectorizer(index="keras", input="sequences").fit_transform(sequences)
callbacks = make_callbacks(logs)
classifier = KerasMLPClassifier(
    size=16, epochs=epochs, batch_size=512, callbacks=callbacks, random_state=seed
)
classifier.fit(
    X[n_validation:], y[n_validation:], X_val=X[:n_validation], y_val=y[:n_validation]
)
print_curve(classifier.history_["val_loss"], classifier.history_["val_accuracy"])
