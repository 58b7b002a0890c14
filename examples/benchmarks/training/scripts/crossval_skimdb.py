"""One cross-validation of a network on texts: skimdb."""

from reading import print_result, read, read_arguments
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skimdb import KerasMLPClassifier, TextMultiHotVectorizer

folder, epochs, seed, _ = read_arguments()
texts, y = read(folder, "texts")
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=32, epochs=epochs, batch_size=256, random_state=seed),
)
print_result(accuracy=cross_val_score(pipe, texts, y, cv=4).mean())
