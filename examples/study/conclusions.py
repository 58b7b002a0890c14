"""Sentences on the results of the studies.

Each function takes measurements, and has a sentence for each possible outcome.
"""

import numpy as np
import pandas as pd
from scipy.stats import sem


def on_data(y, matrix):
    """Describe the balance of the labels `y` and the sparsity of the `matrix`."""
    share = np.unique(y, return_counts=True)[1].max() / len(y)
    balance = "are" if share * len(np.unique(y)) < 1.04 else "are not"
    cells = np.prod(matrix.shape)
    arrays = (matrix.data, matrix.indices, matrix.indptr)
    ratio = cells * matrix.dtype.itemsize / sum(array.nbytes for array in arrays)
    return [
        f"The classes {balance} balanced: a guess of the most frequent class is right "
        f"for {share:.1%} of the training texts.",
        f"{matrix.nnz / cells:.1%} of the cells are not zero. The sparse matrix takes "
        f"{ratio:.0f} times less memory than a dense one of the same precision.",
    ]


def on_holdout(history, best_right, last_right):
    """Compare the best epoch with the last one.

    Parameters
    ----------
    history : DataFrame with the columns epoch, val_loss and val_accuracy
    best_right, last_right : ndarray of bool of shape (n_test_samples,)
        Whether each model predicts the right class of each test text.
    """
    best = history.loc[history["val_loss"].idxmin()]
    last = history.iloc[-1]
    lowest = (
        f"The validation loss is lowest after epoch {best.epoch:.0f}: "
        f"{best.val_loss:.3f}, with an accuracy of {best.val_accuracy:.1%}."
    )
    if best.epoch == last.epoch:
        return [lowest, "This is the last epoch: more epochs may do better."]
    ratio = last.val_loss / best.val_loss
    gain = best_right.astype(float) - last_right
    error = sem(gain)
    verdict = "there is hardly any overfitting."
    if ratio > 1.1:
        verdict = "the network started to memorize its training texts."
    conclusion = "The difference is too small to tell them apart."
    if gain.mean() > 2 * error:
        conclusion = "It pays to keep the best epoch."
    elif gain.mean() < -2 * error:
        conclusion = "Here the last epoch is better, in spite of its loss."
    return [
        lowest,
        f"After epoch {last.epoch:.0f} it is {ratio:.2f} times as high: {verdict}",
        f"On the test texts, the best epoch has an accuracy of {best_right.mean():.1%} "
        f"and the last epoch {last_right.mean():.1%}, a difference of "
        f"{100 * gain.mean():.1f} points (standard error {100 * error:.1f}).",
        conclusion,
    ]


def on_kfold(best_epoch, max_epochs, fold_epochs, fold_accuracies, right):
    """Compare the folds of a search, and their mean accuracy with the test accuracy.

    Parameters
    ----------
    best_epoch : int
        Best epoch of the mean curve.
    max_epochs : int
    fold_epochs : sequence of int
        Best epoch of each fold.
    fold_accuracies : sequence of float
        Validation accuracy of each fold at `best_epoch`.
    right : ndarray of bool of shape (n_test_samples,)
        Whether the refitted model predicts the right class of each test text.
    """
    folds = f"and single folds give {min(fold_epochs)} to {max(fold_epochs)}."
    if best_epoch == max_epochs:
        folds = "the last one. More epochs may do better."
    estimate = np.mean(fold_accuracies)
    error = np.hypot(sem(fold_accuracies), sem(right))
    difference = right.mean() - estimate
    verdict = "as in the folds"
    if abs(difference) > 2 * error:
        verdict = "less than in the folds"
        if difference > 0:
            verdict = "more than in the folds, since it had more training texts"
    return [
        f"The mean validation loss of the {len(fold_epochs)} folds is lowest after "
        f"epoch {best_epoch}, {folds}",
        "Trained for that many epochs on all texts, the network has a test accuracy of "
        f"{right.mean():.1%}, {verdict} ({estimate:.1%}; standard error of the "
        f"difference {100 * error:.1f} points).",
    ]


def on_repeats(repeats, fold_losses):
    """Compare the spread between repeats with the spread between folds.

    Parameters
    ----------
    repeats : DataFrame with the columns best_epoch and val_loss, a row per repeat
    fold_losses : DataFrame of shape (n_folds, n_repeats)
        Validation loss at the best epoch of the overall mean.
    """
    epochs = repeats["best_epoch"]
    between_repeats = fold_losses.mean().std(ddof=1)
    between_folds = fold_losses.std(ddof=1).mean()
    verdict = "much steadier than one fold."
    if between_repeats >= between_folds:
        verdict = "not steadier than one fold here: use more repeats."
    return [
        f"Over {len(epochs)} repeats, the best epoch ranges from {epochs.min()} to "
        f"{epochs.max()}. The standard deviation of the mean loss is "
        f"{between_repeats:.3f} between repeats, and {between_folds:.3f} between the "
        "folds of one repeat.",
        f"The mean over folds is {verdict}",
    ]


def on_regularization(variants, reference, max_epochs):
    """Compare every variant with one network.

    Parameters
    ----------
    variants : DataFrame
        As :func:`study.tables.compare_variants` returns it.
    reference : str
        Name of the network to compare with.
    max_epochs : int
        Number of epochs of each.
    """
    variants = variants.set_index("candidate")
    epochs = variants["mean_split_best_epoch"].sort_values()
    best, last = variants["best_val_loss"], variants["last_val_loss"]
    others = variants.drop(index=reference)
    is_clear = others["loss_difference"].abs() > 2 * others["loss_standard_error"]
    signs = np.sign(others["loss_difference"]).where(is_clear, 0)
    verdicts = {-1: "clearly lower", 1: "clearly higher"}
    verdicts[0] = "within two standard errors"
    ends = "; ".join(
        f"{verdict}: {_list_values(others.loc[signs == sign, 'last_val_loss'], '.3f')}"
        for sign, verdict in verdicts.items()
        if (signs == sign).any()
    )
    in_time = last[reference] - best[reference]
    on_top = best[reference] - best.min()
    variant = "No other network, stopped at its own best epoch, saves more."
    if on_top > 0:
        variant = (
            f"{best.idxmin()}, stopped at its own best epoch, saves another "
            f"{on_top:.3f}."
        )
    return [
        "The networks reach their lowest validation loss in this order (mean epoch of "
        f"the splits): {_list_values(epochs, '.3g')}.",
        *_list_learning(variants["best_epoch"], max_epochs),
        f"{reference} ends with a loss of {last[reference]:.3f}; {ends}.",
        f"Stopping {reference} at its best epoch saves {in_time:.3f}. {variant}",
        "Stopping in time helps most."
        if in_time > on_top
        else "The change of the network helps more than stopping in time.",
    ]


def _list_values(series, form):
    return ", ".join(f"{name} ({value:{form}})" for name, value in series.items())


def _list_learning(best_epochs, max_epochs):
    """Name the networks whose best epoch is the last one."""
    names = best_epochs.index[best_epochs == max_epochs]
    learning = f"Still learning after {max_epochs} epochs: {', '.join(names)}."
    return [learning] if len(names) else []


def on_searches(candidates, epochs, max_epochs):
    """Compare candidates at one number of epochs and at their own.

    Parameters
    ----------
    candidates : DataFrame
        As :func:`study.tables.compare_searches` returns it.
    epochs : int
        Number of epochs of the grid search.
    max_epochs : int
        Number of epochs of the epoch search.
    """
    candidates = candidates.set_index("network")
    grid, own = candidates["grid_search_accuracy"], candidates["accuracy_there"]
    error = candidates["accuracy_error"]
    by_grid, best = grid.idxmax(), own.idxmax()
    gain = own - grid
    most = gain.idxmax()
    n_close = (own >= own[best] - error[best]).sum() - 1
    return [
        f"With {epochs} epochs for all, {by_grid} is best ({grid[by_grid]:.1%}). "
        f"With its own number of epochs for each, {best} is best ({own[best]:.1%}, "
        f"standard error {100 * error[best]:.1f} points).",
        f"{most} gains most: {grid[most]:.1%} after {epochs} epochs, and "
        f"{own[most]:.1%} after {candidates['own_best_epoch'][most]}. A grid search "
        "with a fixed number of epochs compares how fast networks learn, not how well."
        if gain[most] > 2 * error[most]
        else "No network gains more than two standard errors from its own number of "
        f"epochs: {epochs} suit all.",
        *_list_learning(candidates["own_best_epoch"], max_epochs),
        f"{n_close} of the {len(own) - 1} other networks are within one standard error "
        "of the best.",
    ]


def on_nested(scores):
    """Summarize the scores of a search on the outer folds."""
    return (
        f"The result of the search has an accuracy of {scores.mean():.1%} on new "
        f"texts, {scores.min():.1%} to {scores.max():.1%} over {len(scores)} folds."
    )


def on_columns(best, longest, model):
    """Name the best columns, and whether they have the longest n-grams."""
    told = [f"The best columns are {best.name} ({model.accuracy:.1%})."]
    if best.longest == longest > 1:
        told.append(
            "These are the longest n-grams that were tried; longer ones may do better."
        )
    return told


def on_networks(models, max_epochs):
    """Name the best network, and whether it is at the edge of those that were tried."""
    best = max(models, key=lambda model: model.accuracy)
    epochs = {model.name: model.pipe["classifier"].epochs for model in models}
    size = best.pipe["classifier"].size
    told = [f"The best network is {best.name}, trained for {epochs[best.name]} epochs."]
    if size == max(model.pipe["classifier"].size for model in models):
        told.append(f"It is the widest. Wider ones may do better: --sizes {2 * size}.")
    return told + _list_learning(pd.Series(epochs), max_epochs)


def on_models(saved, models):
    """Compare the saved model with the best of each kind.

    Parameters
    ----------
    saved : Model
        The best on the folds.
    models : list of Model
    """
    accuracy, error, n_texts = saved.right.mean(), sem(saved.right), len(saved.right)
    # Two more of each outcome, so that an accuracy of 100 % has an interval, too.
    share = (saved.right.sum() + 2) / (n_texts + 4)
    margin = 2 * np.sqrt(share * (1 - share) / (n_texts + 4))
    sentences = [
        f"{saved.name} is saved: it has the highest mean accuracy on the folds "
        f"({saved.accuracy:.1%}). On the {n_texts:,} test texts, which had no part in "
        f"the search, its accuracy is {accuracy:.1%} (standard error "
        f"{100 * error:.1f} points). Expect {share - margin:.0%} to "
        f"{min(share + margin, 1):.0%} on new texts of the same kind."
    ]
    for kind in ("baseline", "linear model", "network"):
        rivals = [model for model in models if model.kind == kind]
        best = max(rivals, key=lambda model: model.accuracy, default=saved)
        if saved.kind == kind or best is saved:
            continue
        gain = saved.right.astype(float) - best.right
        error = sem(gain)
        verdict = "This difference is too small to tell them apart."
        if abs(gain.mean()) > 2 * error:
            verdict = f"It is clearly {'worse' if gain.mean() > 0 else 'better'}."
        if saved.kind == "network" and gain.mean() <= error:
            verdict = "It is as good within one standard error."
        sentences.append(
            f"The best {kind}, {best.name}, has {best.right.mean():.1%}, a difference "
            f"of {100 * gain.mean():.1f} points (standard error {100 * error:.1f}). "
            f"{verdict} It trains in {best.seconds:.2g} instead of {saved.seconds:.2g} "
            f"seconds and takes {best.megabytes:.2g} instead of {saved.megabytes:.2g} "
            "MB."
        )
    return sentences


def on_test(y, predicted):
    """Compare predictions on the test texts with guessing.

    Parameters
    ----------
    y, predicted : array-like of shape (n_samples,)
    """
    right = np.asarray(y) == np.asarray(predicted)
    names, counts = np.unique(y, return_counts=True)
    guess = counts.max() / len(y)
    error = sem(right)
    sentences = [
        f"The model has an accuracy of {right.mean():.1%} on the {len(y):,} test "
        f"texts (standard error {100 * error:.1f} points). A guess of "
        f"{str(names[counts.argmax()])!r} is right for {guess:.1%}."
    ]
    if right.mean() - guess < 2 * error:
        sentences.append(
            "This is not clearly better than guessing: the words may not distinguish "
            "these classes, or there are too few texts."
        )
    wrong = [(str(a), str(b)) for a, b in zip(y, predicted, strict=True) if a != b]
    if wrong:
        pairs, n_times = np.unique(wrong, axis=0, return_counts=True)
        a, b = pairs[n_times.argmax()]
        sentences.append(
            f"The most frequent mistake is to predict {b!s} for {a!s}: "
            f"{n_times.max():,} of {len(wrong):,} mistakes."
        )
    return sentences


def on_calibration(confidence, right):
    """Compare the mean probability of the predictions with their accuracy."""
    gap, error = confidence.mean() - right.mean(), sem(confidence - right)
    verdict = "The model is well calibrated on average."
    if gap > 2 * error:
        verdict = (
            f"The model is overconfident by {100 * gap:.1f} points. Use scikit-learn's "
            "CalibratedClassifierCV, or fewer epochs, L2 or dropout in a network."
        )
    if gap < -2 * error:
        verdict = f"The model is underconfident by {-100 * gap:.1f} points."
    return [
        f"The mean probability of its predictions is {confidence.mean():.1%}, their "
        f"accuracy {right.mean():.1%}. {verdict}"
    ]


def on_sizes(table):
    """Estimate whether more texts would help."""
    half, full = table.iloc[-2], table.iloc[-1]
    gain = full["accuracy"] - half["accuracy"]
    error = np.hypot(full["accuracy_error"], half["accuracy_error"])
    verdict = "the curve still rises, and more texts would help."
    if gain <= max(2 * error, 0.001):
        verdict = (
            f"less than two standard errors ({200 * error:.1f} points). More texts of "
            "the same kind may help little."
        )
    return [
        f"From {half['texts']:,.0f} to {full['texts']:,.0f} training texts, the "
        f"accuracy on the folds changes from {half['accuracy']:.1%} to "
        f"{full['accuracy']:.1%}: {verdict}"
    ]
