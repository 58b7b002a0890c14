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
    counts = np.unique(y, return_counts=True)[1]
    majority = counts.max() / len(y)
    balance = "are" if majority * len(counts) < 1.04 else "are not"
    cells = matrix.shape[0] * matrix.shape[1]
    arrays = (matrix.data, matrix.indices, matrix.indptr)
    ratio = cells * matrix.dtype.itemsize / sum(array.nbytes for array in arrays)
    weight = (
        f"weighs {ratio:.0f} times less than"
        if ratio > 1.5
        else f"does not pay: it weighs {1 / ratio:.1f} times as much as"
    )
    return [
        f"The classes {balance} balanced: always guessing the most frequent one is "
        f"right for {majority:.1%} of the training texts.",
        f"{matrix.nnz / cells:.1%} of the input is not zero, so the sparse matrix "
        f"{weight} the dense one of the same precision.",
    ]


def on_holdout(history, best_right, last_right):
    """Compare the best epoch with the last.

    Parameters
    ----------
    history : DataFrame with the columns epoch, val_loss and val_accuracy
    best_right, last_right : ndarray of bool of shape (n_test_samples,)
        Which test texts each model gets right.
    """
    best = history.loc[history["val_loss"].idxmin()]
    last = history.iloc[-1]
    sentences = [
        f"The validation loss is lowest after epoch {best.epoch:.0f}: "
        f"{best.val_loss:.3f}, with {best.val_accuracy:.1%} of the validation texts "
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
        "went on to memorize its training texts."
        if ratio > 1.1
        else f"After epoch {last.epoch:.0f} it is {ratio:.2f} times as high: there is "
        "hardly any overfitting to prevent."
    )
    gain = best_right.astype(float) - last_right
    difference = (
        f"On the test texts the best epoch is right for {best_right.mean():.1%}, "
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


def on_kfold(best_epoch, max_epochs, fold_epochs, fold_accuracies, right):
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
    right : ndarray of bool of shape (n_test_samples,)
        Which test texts the model refitted on all folds gets right.
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
    estimate = np.mean(fold_accuracies)
    error = np.hypot(standard_error(fold_accuracies), standard_error(right))
    difference = right.mean() - estimate
    if abs(difference) <= 2 * error:
        verdict = "as the folds led to expect"
    elif difference > 0:
        verdict = "more than the folds led to expect; it was trained on more texts"
    else:
        verdict = "less than the folds led to expect"
    return [
        *sentences,
        f"Trained that long on all texts, the network is right for "
        f"{right.mean():.1%} of the test texts, {verdict} ({estimate:.1%}; standard "
        f"error of the difference {100 * error:.1f} points).",
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


def on_regularization(variants, reference, max_epochs):
    """Compare every variant with one network.

    Parameters
    ----------
    variants : DataFrame
        As :func:`study.tables.compare_variants` returns it.
    reference : str
        Which candidate the others are compared with.
    max_epochs : int
        Epochs that each was trained.
    """
    variants = variants.set_index("candidate")
    epochs = variants["mean_split_best_epoch"].sort_values()
    order = (
        "The networks reach their lowest validation loss in this order (mean epoch of "
        f"the splits): {_list_values(epochs, '.3g')}."
    )
    learning = variants.index[variants["best_epoch"] == max_epochs]
    if len(learning):
        names = ", ".join(learning)
        order += f" Still learning after {max_epochs} epochs: {names}."
    best, last = variants["best_val_loss"], variants["last_val_loss"]
    in_time = last[reference] - best[reference]
    on_top = best[reference] - best.min()
    return [
        order,
        f"With {reference} it ends at {last[reference]:.3f}; "
        f"{_compare_ends(variants.drop(index=reference))}.",
        f"Stopping {reference} at the best epoch saves {in_time:.3f} of the loss; "
        + (
            f"{best.idxmin()}, stopped at its own, saves another {on_top:.3f}."
            if on_top > 0
            else "no variant stopped at its own saves more."
        ),
        "What helps most is to stop in time."
        if in_time > on_top
        else "The change helps more than stopping in time.",
    ]


def _compare_ends(others):
    """Say which losses end below or above that of the reference, and which as high."""
    difference, error = others["loss_difference"], others["loss_standard_error"]
    clear = difference.abs() > 2 * error
    groups = {
        "below it by more than two standard errors": clear & (difference < 0),
        "above it by more than two standard errors": clear & (difference > 0),
        "not told apart from it": ~clear,
    }
    return "; ".join(
        f"{verdict}: {_list_values(others.loc[chosen, 'last_val_loss'], '.3f')}"
        for verdict, chosen in groups.items()
        if chosen.any()
    )


def _list_values(series, form):
    return ", ".join(f"{name} ({value:{form}})" for name, value in series.items())


def on_searches(candidates, epochs, max_epochs):
    """Compare candidates at one number of epochs with the same at their own.

    Parameters
    ----------
    candidates : DataFrame
        As :func:`study.tables.compare_searches` returns it.
    epochs : int
        The number that all had in the grid search.
    max_epochs : int
        Epochs that each was trained in the epoch search.
    """
    candidates = candidates.set_index("network")
    grid, own = candidates["grid_search_accuracy"], candidates["accuracy_there"]
    by_grid, by_epoch = grid.idxmax(), own.idxmax()
    error = candidates["accuracy_error"]
    best = f"({own[by_epoch]:.1%}, standard error {100 * error[by_epoch]:.1f} points)"
    sentences = [
        f"With {epochs} epochs for all, {by_grid} comes first ({grid[by_grid]:.1%}); "
        + (
            f"so it does with epochs of its own {best}."
            if by_grid == by_epoch
            else f"if each has its own number, {by_epoch} does {best}."
        )
    ]
    gain = own - grid
    most = gain.idxmax()
    if gain[most] > 2 * error[most]:
        sentences.append(
            f"That number was found for another network: {most} looks as if it "
            f"were right for {grid[most]:.1%}, and reaches {own[most]:.1%} at epoch "
            f"{candidates['own_best_epoch'][most]}. A grid search that fixes the "
            "epochs compares how fast networks learn, not how well."
        )
    else:
        sentences.append(
            "No network gains more than two standard errors by epochs of its own: "
            f"{epochs} suit them all."
        )
    learning = own.index[candidates["own_best_epoch"] == max_epochs]
    if len(learning):
        names = ", ".join(learning)
        sentences.append(f"Still learning after {max_epochs} epochs: {names}.")
    n_close = (own >= own[by_epoch] - error[by_epoch]).sum() - 1
    sentences.append(
        f"{n_close} of the {len(own) - 1} other networks are within one standard error "
        "of the best: so few texts do not tell them apart."
        if n_close
        else "No other network is within one standard error of the best."
    )
    return sentences


def on_nested(scores):
    """Judge the cross-validation of a search by its scores on the outer folds."""
    return (
        f"What the search finds is right for {scores.mean():.1%} of texts that it "
        f"never saw, from {scores.min():.1%} to {scores.max():.1%} over {len(scores)} "
        "folds."
    )


def on_test(y, predicted, confidence):
    """Judge predictions on the test texts against guessing.

    Parameters
    ----------
    y, predicted : array-like of shape (n_samples,)
    confidence : ndarray of float of shape (n_samples,)
        Probability of the class that is predicted.
    """
    right = np.asarray(y) == np.asarray(predicted)
    names, counts = np.unique(y, return_counts=True)
    guessed, guess = names[counts.argmax()], counts.max() / len(y)
    error = standard_error(right)
    sentences = [
        f"The network is right for {right.mean():.1%} of the {len(y):,} test texts "
        f"(standard error {100 * error:.1f} points); always guessing {str(guessed)!r} "
        f"would be right for {guess:.1%}."
    ]
    if right.mean() - guess < 2 * error:
        sentences.append(
            "That is no clear gain over guessing: the words may not tell these "
            "classes, or the texts are too few."
        )
    wrong = [(str(a), str(b)) for a, b in zip(y, predicted, strict=True) if a != b]
    if wrong:
        pairs, n_times = np.unique(wrong, axis=0, return_counts=True)
        a, b = pairs[n_times.argmax()]
        sentences.append(
            f"The most frequent mistake is to take {a!s} for {b!s}, {n_times.max():,} "
            f"of {len(wrong):,} mistakes."
        )
    never = sorted({str(name) for name in names} - {str(p) for p in predicted})
    if never:
        sentences.append(f"Never predicted: {', '.join(never)}.")
    return sentences


def on_calibration(confidence, right):
    """Compare how sure the network is with how often it is right."""
    gap, error = confidence.mean() - right.mean(), standard_error(confidence - right)
    means = (
        f"On average it gives its prediction a probability of {confidence.mean():.1%}, "
        f"and is right for {right.mean():.1%}"
    )
    if abs(gap) <= 2 * error:
        return [f"{means}: its probabilities can be taken at their word."]
    if gap > 0:
        return [
            f"{means}: it is surer than it should be, by {100 * gap:.1f} points. Fewer "
            "epochs, L2 or dropout make it less so, and CalibratedClassifierCV of "
            "scikit-learn corrects it."
        ]
    return [f"{means}: it is less sure than it could be, by {-100 * gap:.1f} points."]


def on_sizes(table):
    """Say if more texts would help, from the accuracy by number of training texts."""
    half, full = table.iloc[-2], table.iloc[-1]
    gain = full["val_accuracy"] - half["val_accuracy"]
    error = np.hypot(full["accuracy_error"], half["accuracy_error"])
    step = (
        f"From {half['texts']:,.0f} to {full['texts']:,.0f} training texts the "
        f"validation accuracy goes from {half['val_accuracy']:.1%} to "
        f"{full['val_accuracy']:.1%}"
    )
    if gain > 2 * error:
        return [f"{step}: the curve still rises, and more texts would help."]
    return [
        f"{step}, less than two standard errors ({200 * error:.1f} points): more texts "
        "of the same kind may help little."
    ]
