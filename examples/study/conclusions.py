"""What the measured numbers of the study say, in sentences.

Nothing here is known beforehand: each function takes what was measured, and has a
sentence for each way it may have come out.
"""

import numpy as np


def standard_error(values):
    """Return the standard error of the mean of `values`."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def on_data(y, matrix):
    """Judge the balance of the labels `y` and the sparsity of the input `matrix`."""
    majority = max(np.mean(y), 1 - np.mean(y))
    balance = "are balanced" if majority < 0.52 else "are not balanced"
    cells = matrix.shape[0] * matrix.shape[1]
    arrays = (matrix.data, matrix.indices, matrix.indptr)
    ratio = cells * matrix.dtype.itemsize / sum(array.nbytes for array in arrays)
    weight = (
        f"weighs {ratio:.0f} times less than"
        if ratio > 1.5
        else f"does not pay: it weighs {1 / ratio:.1f} times as much as"
    )
    return [
        f"The labels {balance}: always guessing the more frequent one is right for "
        f"{majority:.1%} of the training reviews.",
        f"{matrix.nnz / cells:.1%} of the input is not zero, so the sparse matrix "
        f"{weight} the dense one of the same precision.",
    ]


def on_holdout(history, best_right, last_right):
    """Compare the best epoch with the last.

    Parameters
    ----------
    history : DataFrame with the columns epoch, val_loss and val_accuracy
    best_right, last_right : ndarray of bool of shape (n_test_samples,)
        Which test reviews each model gets right.
    """
    best = history.loc[history["val_loss"].idxmin()]
    last = history.iloc[-1]
    sentences = [
        f"The validation loss is lowest after epoch {best.epoch:.0f}: "
        f"{best.val_loss:.3f}, with {best.val_accuracy:.1%} of the validation reviews "
        "right."
    ]
    ratio = last.val_loss / best.val_loss
    if best.epoch == last.epoch:
        return [
            *sentences,
            "That is the last epoch: the network was still learning, and more epochs "
            "may do better.",
        ]
    sentences.append(
        f"After epoch {last.epoch:.0f} it is {ratio:.2f} times as high: the network "
        "went on to memorize its training reviews."
        if ratio > 1.1
        else f"After epoch {last.epoch:.0f} it is {ratio:.2f} times as high: there is "
        "hardly any overfitting to prevent."
    )
    gain = best_right.astype(float) - last_right
    difference = (
        f"On the test reviews the best epoch is right for {best_right.mean():.1%}, "
        f"the last for {last_right.mean():.1%}: a difference of "
        f"{100 * gain.mean():.1f} points, standard error "
        f"{100 * standard_error(gain):.1f}."
    )
    if gain.mean() > 2 * standard_error(gain):
        verdict = "Keeping the best epoch pays."
    elif gain.mean() < -2 * standard_error(gain):
        verdict = "The last epoch is the better one here, whatever its loss."
    else:
        verdict = "That is too small to tell them apart."
    return [*sentences, difference, verdict]


def on_kfold(best_epoch, max_epochs, fold_epochs, fold_accuracies, test_accuracy):
    """Judge one K-fold search.

    Parameters
    ----------
    best_epoch : int
        Of the mean curve.
    max_epochs : int
    fold_epochs : sequence of int
        The best epoch of each fold's own curve.
    fold_accuracies : sequence of float
        Validation accuracy of each fold at `best_epoch`.
    test_accuracy : float
        Of the model refitted on all folds.
    """
    first, final = min(fold_epochs), max(fold_epochs)
    sentences = [
        f"The mean validation loss of the {len(fold_epochs)} folds is lowest after "
        f"epoch {best_epoch}"
        + (
            ", the last: more epochs may do better."
            if best_epoch == max_epochs
            else "; "
            + (
                f"each fold alone would say {first}."
                if first == final
                else f"the folds alone would say anything from {first} to {final}."
            )
        )
    ]
    estimate, error = np.mean(fold_accuracies), standard_error(fold_accuracies)
    difference = test_accuracy - estimate
    if abs(difference) <= 2 * error:
        verdict = "as the folds led to expect"
    elif difference > 0:
        verdict = "more than the folds led to expect; it was trained on more reviews"
    else:
        verdict = "less than the folds led to expect"
    return [
        *sentences,
        f"Trained that long on all reviews, the network is right for "
        f"{test_accuracy:.1%} of the test reviews, {verdict} ({estimate:.1%}, standard "
        f"error {100 * error:.1f} points).",
    ]


def on_repeats(repeats, fold_losses):
    """Compare the spread between repeats with that between the folds of one.

    Parameters
    ----------
    repeats : DataFrame with the columns best_epoch and val_loss, a row per repeat
    fold_losses : DataFrame of shape (n_folds, n_repeats)
        Validation loss at the best epoch of the mean over all.
    """
    epochs = repeats["best_epoch"]
    between_repeats = float(fold_losses.mean().std(ddof=1))
    between_folds = float(fold_losses.std(ddof=1).mean())
    spread = (
        f"All {len(epochs)} repeats find their best epoch at {epochs.min()}"
        if epochs.min() == epochs.max()
        else f"Split anew {len(epochs)} times, the best epoch moves between "
        f"{epochs.min()} and {epochs.max()}"
    )
    steadier = between_repeats < between_folds
    return [
        f"{spread}, and the mean loss of the folds varies by {between_repeats:.3f} "
        f"(standard deviation) between repeats, against {between_folds:.3f} between "
        "the folds of one repeat.",
        "The mean over folds is much steadier than one fold, and repeating shows by "
        "how much."
        if steadier
        else "The mean over folds is no steadier than one fold here: more repeats are "
        "needed.",
    ]


def on_regularization(variants, original, max_epochs):
    """Compare every variant with the original network.

    Parameters
    ----------
    variants : DataFrame
        As :func:`study.tables.variants` returns it.
    original : str
        Which candidate the others are compared with.
    max_epochs : int
        Epochs that each was trained.
    """
    variants = variants.set_index("candidate")
    epochs = variants["mean_split_best_epoch"].sort_values()
    order = (
        "The networks reach their lowest validation loss in this order (mean epoch of "
        f"the splits): {_listed(epochs, '.1f')}."
    )
    if epochs.iloc[-1] == max_epochs:
        order += " The last was still learning: more epochs may do it good."
    ends = []
    others = variants.drop(index=original)
    clear = others["difference"].abs() > 2 * others["standard_error"]
    for verdict, chosen in {
        "below it by more than two standard errors": others[
            clear & (others["difference"] < 0)
        ],
        "above it by more than two standard errors": others[
            clear & (others["difference"] > 0)
        ],
        "not told apart from it": others[~clear],
    }.items():
        if len(chosen):
            ends.append(f"{verdict}: {_listed(chosen['last_val_loss'], '.3f')}")
    best = variants["best_val_loss"]
    in_time = variants["last_val_loss"][original] - best[original]
    on_top = best[original] - best.min()
    return [
        order,
        f"The original ends at {variants['last_val_loss'][original]:.3f}; "
        f"{'; '.join(ends)}.",
        f"Stopping the original at its best epoch saves {in_time:.3f} of its loss; "
        + (
            f"{best.idxmin()}, stopped at its own, saves another {on_top:.3f}."
            if on_top > 0
            else "no variant stopped at its own saves more."
        ),
        "What helps most is to stop in time."
        if in_time > on_top
        else "The change helps more than stopping in time.",
    ]


def _listed(series, digits):
    return ", ".join(f"{name} ({value:{digits}})" for name, value in series.items())


def on_search(candidates, scores):
    """Judge a grid search and a cross-validation.

    Parameters
    ----------
    candidates : DataFrame with the columns mean_test_score and standard_error
        One row per candidate, the others are its parameters.
    scores : ndarray of float of shape (n_splits,)
    """
    best = candidates.loc[candidates["mean_test_score"].idxmax()]
    names = candidates.columns.drop(["mean_test_score", "standard_error"])
    close = candidates["mean_test_score"] >= best.mean_test_score - best.standard_error
    return [
        f"The grid search picks {', '.join(f'{n} {best[n]:g}' for n in names)}: right "
        f"for {best.mean_test_score:.1%}, standard error "
        f"{100 * best.standard_error:.1f} points.",
        f"{close.sum() - 1} of the {len(close) - 1} other candidates are within one "
        "standard error of that: so few reviews do not tell them apart."
        if close.sum() > 1
        else "No other candidate is within one standard error of that.",
        f"Cross-validation of the original network gives {scores.mean():.1%}, from "
        f"{scores.min():.1%} to {scores.max():.1%} over {len(scores)} folds.",
    ]
