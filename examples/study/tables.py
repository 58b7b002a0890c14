"""The tables of the study, from what the experiments return."""

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, precision_recall_fscore_support


def count_texts(data):
    """Tabulate how many texts there are to train and to test on, and how long."""
    rows = []
    for part, texts in [("training", data.texts), ("test", data.test_texts)]:
        n_words = [len(text.split()) for text in texts]
        rows.append(
            {
                "texts": part,
                "count": len(texts),
                "fewest words": min(n_words),
                "median": int(np.median(n_words)),
                "most words": max(n_words),
            }
        )
    return pd.DataFrame(rows)


def count_classes(data):
    """Tabulate how many texts each class has, the most frequent first."""
    counts = pd.DataFrame(
        {
            "training": pd.Series(data.y).value_counts(),
            "test": pd.Series(data.y_test).value_counts(),
        }
    ).fillna(0)
    counts = counts.astype(int).sort_values("training", ascending=False, kind="stable")
    counts["share"] = counts["training"] / counts["training"].sum()
    return counts.rename_axis("class").reset_index()


def compare_epochs(curve, models, X_test, y_test):
    """Tabulate the last epoch and the restored one, on validation and test texts.

    Parameters
    ----------
    curve : DataFrame
        With the column epoch, and a row per epoch.
    models : dict of str to (int, KerasMLPClassifier)
        Epoch of the weights, and the fitted model.
    X_test, y_test
    """
    curve = curve.rename(
        columns={name: f"training_{name}" for name in ("loss", "accuracy")}
    )
    rows = []
    for name, (epoch, model) in models.items():
        row = {"weights": name} | curve.loc[curve["epoch"] == epoch].iloc[0].to_dict()
        row["test_loss"] = log_loss(
            y_test, model.predict_proba(X_test), labels=model.classes_
        )
        row["test_accuracy"] = model.score(X_test, y_test)
        rows.append(row)
    return pd.DataFrame(rows).astype({"epoch": int})


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
    means = curves.groupby(["repeat", "epoch"], as_index=False)[
        ["val_loss", "val_accuracy"]
    ].mean()
    best = means.loc[means.groupby("repeat")["val_loss"].idxmin()]
    return best.rename(columns={"epoch": "best_epoch"})


def compare_variants(curves, reference):
    """Compare the candidates of an epoch curve with one of them.

    Parameters
    ----------
    curves : DataFrame
        As :func:`skimdb.epoch_curve` returns it.
    reference : str
        The candidate to compare with.

    Returns
    -------
    table : DataFrame
        Best epoch of the mean curve and the loss there; the mean over splits of each
        split's own best epoch; the loss after the last epoch, how much higher it is
        than the reference's, and the standard error of that difference.
    """
    losses = curves.pivot(
        index="epoch", columns=["candidate", "fold"], values="val_loss"
    )
    last = losses.iloc[-1].unstack("candidate")
    rows = []
    for name in curves["candidate"].unique():
        mean = losses[name].mean(axis=1)
        difference = last[name] - last[reference]
        rows.append(
            {
                "candidate": name,
                "best_epoch": mean.idxmin(),
                "best_val_loss": mean.min(),
                "mean_split_best_epoch": losses[name].idxmin().mean(),
                "last_val_loss": last[name].mean(),
                "loss_difference": difference.mean(),
                "loss_standard_error": difference.sem(),
            }
        )
    return pd.DataFrame(rows)


def name_network(params):
    """Name a network by its parameters, such as ``4 units + L2 0.002``."""
    values = {name.rpartition("__")[2]: value for name, value in params.items()}
    name = f"{values['size']} units"
    name += f" + L2 {values['l2']:g}" if values["l2"] else ""
    return name + (f" + dropout {values['dropout']:g}" if values["dropout"] else "")


def compare_searches(plain, search):
    """Compare two searches that were fitted with the same grid and the same folds.

    Parameters
    ----------
    plain : GridSearchCV
        All candidates at the same number of epochs.
    search : EpochSearchCV
        Each at the best epoch of its own mean curve.

    Returns
    -------
    table : DataFrame
        A row per candidate with the accuracy by the former, the best epoch and the
        accuracy there by the latter, and the standard error of that. The best at its
        own epoch comes first.
    """
    curves = search.history_
    losses = curves.groupby(["candidate", "epoch"])["val_loss"].mean()
    rows = []
    for candidate, params in enumerate(plain.cv_results_["params"]):
        epoch = losses[candidate].idxmin()
        own = (curves["candidate"] == candidate) & (curves["epoch"] == epoch)
        accuracies = curves.loc[own, "val_accuracy"]
        rows.append(
            {
                "network": name_network(params),
                "grid_search_accuracy": plain.cv_results_["mean_test_score"][candidate],
                "own_best_epoch": epoch,
                "accuracy_there": accuracies.mean(),
                "accuracy_error": accuracies.sem(),
            }
        )
    return pd.DataFrame(rows).sort_values("accuracy_there", ascending=False)


def compare_classes(y, predicted, classes):
    """Tabulate how well each class is told from the others."""
    precision, recall, f1, n_texts = precision_recall_fscore_support(
        y, predicted, labels=classes, zero_division=0
    )
    return pd.DataFrame(
        {
            "class": classes,
            "texts": n_texts,
            "precision": precision,
            "recall": recall,
            "f1": f1,
        }
    )


def list_mistakes(texts, y, predicted, confidence, n_mistakes=5):
    """Tabulate the mistakes that the network is surest of."""
    wrong = np.flatnonzero(np.asarray(predicted) != y)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:n_mistakes]
    short = [" ".join(texts[i].split()) for i in worst]
    return pd.DataFrame(
        {
            "text": [t if len(t) <= 160 else f"{t[:159]}…" for t in short],
            "label": [str(y[i]) for i in worst],
            "taken for": [str(predicted[i]) for i in worst],
            "probability": confidence[worst],
        }
    )


def compare_confidence(confidence, right, n_bins=10):
    """Compare how sure predictions are with how often they are right.

    Parameters
    ----------
    confidence : ndarray of float of shape (n_samples,)
        Probability of the class that is predicted.
    right : ndarray of bool of shape (n_samples,)
    n_bins : int, default=10
        Groups of predictions, of as many each.
    """
    parts = np.array_split(np.argsort(confidence, kind="stable"), n_bins)
    rows = []
    for part in parts:
        if len(part):
            # One more of each, so that a group that is all right has an error too.
            share = (right[part].sum() + 1) / (len(part) + 2)
            rows.append(
                {
                    "predictions": len(part),
                    "confidence": confidence[part].mean(),
                    "accuracy": right[part].mean(),
                    "accuracy_error": np.sqrt(share * (1 - share) / (len(part) + 2)),
                }
            )
    return pd.DataFrame(rows)


def compare_sizes(curves_by_size):
    """Tabulate the accuracy by number of training texts, at the best epoch of each.

    Parameters
    ----------
    curves_by_size : dict of int to DataFrame
        What :func:`skimdb.epoch_curve` returns for so many training texts.
    """
    rows = []
    for size, curves in curves_by_size.items():
        best = curves.groupby("epoch")["val_loss"].mean().idxmin()
        there = curves[curves["epoch"] == best]
        rows.append(
            {
                "texts": size,
                "best_epoch": best,
                "accuracy": there["accuracy"].mean(),
                "val_loss": there["val_loss"].mean(),
                "val_accuracy": there["val_accuracy"].mean(),
                "accuracy_error": there["val_accuracy"].sem(),
            }
        )
    return pd.DataFrame(rows)
