"""The tables of the study, from what the experiments return."""

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss


def holdout(curve, models, X_test, y_test):
    """Tabulate the last epoch and the restored one, on validation and test reviews.

    Parameters
    ----------
    curve : DataFrame
        With the column epoch, and a row per epoch.
    models : dict of str to (int, KerasMLPClassifier)
        Epoch of the weights, and the fitted model.
    X_test, y_test
    """
    rows = []
    for name, (epoch, model) in models.items():
        row = {"weights": name} | curve.loc[curve["epoch"] == epoch].iloc[0].to_dict()
        row["test_loss"] = log_loss(y_test, model.predict_proba(X_test))
        row["test_accuracy"] = model.score(X_test, y_test)
        rows.append(row)
    return pd.DataFrame(rows).astype({"epoch": int})


def folds(search):
    """Tabulate each fold of an epoch search, at the common best epoch and its own."""
    curves = search.history_
    at_best = curves[curves["epoch"] == search.best_epoch_]
    return at_best[["fold", "val_loss", "val_accuracy"]].assign(
        own_best_epoch=search.split_best_epochs_,
        own_best_val_loss=curves.groupby("fold")["val_loss"].min().to_numpy(),
    )


def repeats(curves):
    """Tabulate the mean curve of each repeat, at its best epoch."""
    means = curves.groupby(["repeat", "epoch"], as_index=False)[
        ["val_loss", "val_accuracy"]
    ].mean()
    best = means.loc[means.groupby("repeat")["val_loss"].idxmin()]
    return best.rename(columns={"epoch": "best_epoch"})


def variants(curves, original):
    """Compare the candidates of an epoch curve with one of them.

    Parameters
    ----------
    curves : DataFrame
        As :func:`skimdb.epoch_curve` returns it.
    original : str
        The candidate to compare with.

    Returns
    -------
    table : DataFrame
        Best epoch of the mean curve and the loss there; the mean over splits of each
        split's own best epoch; the loss after the last epoch, how much higher it is
        than the original's, and the standard error of that difference.
    """
    losses = curves.pivot(
        index="epoch", columns=["candidate", "fold"], values="val_loss"
    )
    last = losses.iloc[-1].unstack("candidate")
    rows = []
    for name in curves["candidate"].unique():
        mean = losses[name].mean(axis=1)
        difference = last[name] - last[original]
        rows.append(
            {
                "candidate": name,
                "best_epoch": mean.idxmin(),
                "best_val_loss": mean.min(),
                "mean_split_best_epoch": losses[name].idxmin().mean(),
                "last_val_loss": last[name].mean(),
                "difference": difference.mean(),
                "standard_error": difference.sem(),
            }
        )
    return pd.DataFrame(rows)


def grid(search):
    """Tabulate the candidates of a fitted GridSearchCV, the best first."""
    names = {f"param_{name}": name.rpartition("__")[2] for name in search.best_params_}
    table = pd.DataFrame(search.cv_results_).rename(columns=names)
    # cv_results_ has the deviation with n, not n - 1, in the denominator
    table["standard_error"] = table["std_test_score"] / np.sqrt(search.n_splits_ - 1)
    table = table[[*names.values(), "mean_test_score", "standard_error"]]
    return table.sort_values("mean_test_score", ascending=False)
