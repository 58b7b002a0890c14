"""From lists of word ids to a trained network and its validation curve: dense Keras.

With a folder as the last argument TensorBoard and ModelCheckpoint write there.
"""

import keras
from dense_keras import compile_network, vectorize_sequences
from reading import make_callbacks, print_curve, read, read_arguments

folder, epochs, seed, logs = read_arguments()
sequences, y = read(folder, "ids")
n_validation = 2 * len(y) // 5
X = vectorize_sequences(sequences)
keras.utils.set_random_seed(seed)
history = compile_network(X.shape[1], 16).fit(
    X[n_validation:],
    y[n_validation:],
    epochs=epochs,
    batch_size=512,
    validation_data=(X[:n_validation], y[:n_validation]),
    callbacks=make_callbacks(logs),
    verbose=0,
)
print_curve(history.history["val_loss"], history.history["val_accuracy"])
