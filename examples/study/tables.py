"""The tables of the studies."""

import numpy as np
import pandas as pd
from scipy.stats import sem
from sklearn.metrics import log_loss, precision_recall_fscore_support


def count_texts(data):
    """Tabulate the number and the length of the texts."""
    parts = {"training": data.texts, "test": data.test_texts}
    n_words = {
        part: pd.Series(texts).str.split().str.len() for part, texts in parts.items()
    }
    table = pd.DataFrame(n_words).agg(["count", "min", "median", "max"]).T.astype(int)
    names = {"min": "fewest words", "max": "most words"}
    return table.rename(columns=names).rename_axis("texts").reset_index()


def count_classes(data):
    """Tabulate the number of texts of each class, the most frequent first."""
    parts = {"training": data.y, "test": data.y_test}
    counts = pd.DataFrame(
        {part: pd.Series(y).value_counts() for part, y in parts.items()}
    )
    counts = counts.fillna(0).astype(int).sort_values("training", ascending=False)
    counts["share"] = counts["training"] / len(data.y)
    return counts.rename_axis("class").reset_index()


def compare_epochs(curve, models, X_test, y_test):
    """Tabulate the restored epoch and the last one, on validation and test texts.

    Parameters
    ----------
    curve : DataFrame
        A row per epoch, with the column epoch.
    models : dict of str to (int, KerasMLPClassifier)
        The epoch of the weights, and the fitted model.
    X_test, y_test
    """
    names = {"loss": "training_loss", "accuracy": "training_accuracy"}
    rows = curve.rename(columns=names).set_index("epoch", drop=False)
    rows = rows.loc[[epoch for epoch, _ in models.values()]]
    rows.insert(0, "weights", list(models))
    fitted = [model for _, model in models.values()]
    probabilities = [model.predict_proba(X_test) for model in fitted]
    classes = fitted[0].classes_
    rows["test_loss"] = [log_loss(y_test, p, labels=classes) for p in probabilities]
    rows["test_accuracy"] = [model.score(X_test, y_test) for model in fitted]
    return rows


def compare_folds(search):
    """Tabulate each fold of an epoch search, at the common best epoch and its own."""
    curves = search.history_
    at_best = curves[curves["epoch"] == search.best_epoch_]
    return at_best[["fold", "val_loss", "val_accuracy"]].assign(
        own_best_epoch=search.split_best_epochs_,
        own_best_val_loss=curves.groupby("fold")["val_loss"].min().to_numpy(),
    )


def compare_repeats(curves):
    """Tabulate the mean curve of each repeat, at its best epoch."""
    columns = ["val_loss", "val_accuracy"]
    means = curves.groupby(["repeat", "epoch"], as_index=False)[columns].mean()
    best = means.loc[means.groupby("repeat")["val_loss"].idxmin()]
    return best.rename(columns={"epoch": "best_epoch"})


def compare_variants(curves, reference):
    """Compare the candidates of an epoch curve with one of them.

    Parameters
    ----------
    curves : DataFrame
        As :func:`skimdb.epoch_curve` returns it.
    reference : str
        The candidate to compare with; it comes first.

    Returns
    -------
    table : DataFrame
        Best epoch of the mean curve and its loss; the mean over splits of each
        split's own best epoch; the loss after the last epoch, its difference from the
        reference, and the standard error of the difference.
    """
    losses = curves.pivot(
        index="epoch", columns=["candidate", "fold"], values="val_loss"
    )
    names = [reference, *(n for n in curves["candidate"].unique() if n != reference)]
    means = losses.T.groupby(level="candidate").mean().T
    last = losses.iloc[-1].unstack("candidate")
    difference = last.sub(last[reference], axis=0)
    columns = {
        "best_epoch": means.idxmin(),
        "best_val_loss": means.min(),
        "mean_split_best_epoch": losses.idxmin().groupby(level="candidate").mean(),
        "last_val_loss": last.mean(),
        "loss_difference": difference.mean(),
        "loss_standard_error": difference.sem(),
    }
    return pd.DataFrame(columns).loc[names].rename_axis("candidate").reset_index()


def name_network(params):
    """Name a network by its parameters, such as ``4 units + L2 0.002``."""
    values = {name.rpartition("__")[2]: value for name, value in params.items()}
    name = f"{values['size']} units"
    name += f" + L2 {values['l2']:g}" if values["l2"] else ""
    return name + (f" + dropout {values['dropout']:g}" if values["dropout"] else "")


def compare_searches(plain, search):
    """Compare two searches with the same grid and the same folds.

    Parameters
    ----------
    plain : GridSearchCV
        All candidates at the same number of epochs.
    search : EpochSearchCV
        Each candidate at the best epoch of its own mean curve.

    Returns
    -------
    table : DataFrame
        A row per candidate with its accuracy in the grid search, its best epoch, the
        accuracy there and its standard error, sorted by that accuracy.
    """
    curves = search.history_.groupby(["candidate", "epoch"])
    best = curves["val_loss"].mean().groupby("candidate").idxmin()
    accuracies = curves["val_accuracy"]
    return pd.DataFrame(
        {
            "network": list(map(name_network, plain.cv_results_["params"])),
            "grid_search_accuracy": plain.cv_results_["mean_test_score"],
            "own_best_epoch": [epoch for _, epoch in best],
            "accuracy_there": accuracies.mean()[best].to_numpy(),
            "accuracy_error": accuracies.sem()[best].to_numpy(),
        }
    ).sort_values("accuracy_there", ascending=False)


def compare_classes(y, predicted, classes):
    """Tabulate precision and recall of each class."""
    precision, recall, f1, n_texts = precision_recall_fscore_support(
        y, predicted, labels=classes, zero_division=0
    )
    scores = {"precision": precision, "recall": recall, "f1": f1}
    return pd.DataFrame({"class": classes, "texts": n_texts} | scores)


def list_mistakes(texts, y, predicted, confidence, n_mistakes=5):
    """Tabulate the mistakes with the highest probabilities."""
    table = pd.DataFrame(
        {"text": texts, "label": y, "predicted": predicted, "probability": confidence}
    )
    wrong = table[table["label"] != table["predicted"]]
    wrong = wrong.nlargest(n_mistakes, "probability")
    short = wrong["text"].str.split().str.join(" ")
    return wrong.assign(text=short.mask(short.str.len() > 160, short.str[:159] + "…"))


def compare_confidence(confidence, right, n_bins=10):
    """Compare the confidence of predictions with their accuracy.

    Parameters
    ----------
    confidence : ndarray of float of shape (n_samples,)
        Probability of the predicted class.
    right : ndarray of bool of shape (n_samples,)
    n_bins : int, default=10
        Number of equally large groups of predictions.
    """
    bins = np.argsort(np.argsort(confidence, kind="stable")) * n_bins // len(right)
    groups = pd.DataFrame({"confidence": confidence, "accuracy": right}).groupby(bins)
    table = groups.mean()
    table.insert(0, "predictions", groups.size())
    # One more of each outcome, so that a group without mistakes has an error too.
    share = (groups["accuracy"].sum() + 1) / (groups.size() + 2)
    return table.assign(
        accuracy_error=np.sqrt(share * (1 - share) / (groups.size() + 2))
    )


def compare_scores(models):
    """Tabulate the accuracy of models on the folds; the best come first."""
    scores = pd.DataFrame({model.name: model.scores for model in models})
    table = scores.agg(["mean", "sem", "min", "max"]).T
    table.columns = ["fold_accuracy", "accuracy_error", "lowest_fold", "highest_fold"]
    table = table.sort_values("fold_accuracy", ascending=False, kind="stable")
    return table.rename_axis("model").reset_index()


def compare_models(models, saved):
    """Tabulate what the models cost, and how good they are; the best come first."""
    rows = [
        {
            "model": model.name,
            "kind": model.kind,
            "saved": "yes" if model is saved else "no",
            "fold_accuracy": model.accuracy,
            "test_accuracy": model.right.mean(),
            "test_standard_error": sem(model.right),
            "seconds": model.seconds,
            "MB": model.megabytes,
        }
        for model in sorted(models, key=lambda model: model.rank, reverse=True)
    ]
    return pd.DataFrame(rows)
