"""Train a candidate until its mean curve over the splits stops improving."""

import time
from traceback import format_exc

from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from skimdb.model_selection._best_epoch import best_epoch, score_curves
from skimdb.model_selection._candidates import split_pipeline
from skimdb.model_selection._fit_split import keep_outcome, prepare


def _go_on(classifier, data, epochs):
    """Train for some more epochs; returns the classifier, its error and seconds."""
    start, error = time.perf_counter(), None
    try:
        classifier.set_params(warm_start=True, epochs=epochs).fit(
            data.X, data.y, X_val=data.X_val, y_val=data.y_val, **data.fit_params
        )
    except Exception as raised:
        error = raised
    return classifier, error, time.perf_counter() - start


def _outcome(classifier, error, seconds, error_score):
    if error is None:
        return {"history": classifier.history_, "fit_time": seconds, "error": None}
    try:
        raise error
    except Exception:
        if error_score == "raise":
            raise
        return {"history": None, "fit_time": seconds, "error": format_exc()}


def _train_side_by_side(
    members, prepared, parallel, *, monitor, n_iter_no_change, max_epochs, error_score
):
    """Train one candidate on all splits; returns its outcomes.

    The splits train to the same epoch. The mean curve then tells how many more epochs
    there are at least before it has gone `n_iter_no_change` without improvement.
    """
    classifiers = [clone(split_pipeline(member.estimator)[1]) for member in members]
    errors = [split.error for split in prepared]
    seconds = [split.seconds for split in prepared]
    done, until = 0, min(n_iter_no_change, max_epochs)
    while done < until:
        alive = [i for i, error in enumerate(errors) if error is None]
        results = parallel(
            delayed(_go_on)(classifiers[i], prepared[i].data, until - done)
            for i in alive
        )
        for i, (classifier, error, spent) in zip(alive, results, strict=True):
            classifiers[i], errors[i] = classifier, error
            seconds[i] += spent
        done = until
        outcomes = [
            _outcome(*fit, error_score)
            for fit in zip(classifiers, errors, seconds, strict=True)
        ]
        fine = [outcome for outcome in outcomes if outcome["error"] is None]
        if fine:
            epoch = best_epoch(score_curves(fine, monitor, done))
            until = min(epoch + n_iter_no_change, max_epochs)
    return outcomes


def train_patiently(
    members, groups, rows, *, n_jobs, memory, after_candidate, caller, **stopping
):
    """Train candidates one after the other, each on all splits side by side.

    Parameters
    ----------
    members : list of list of Member
        By candidate and split.
    groups : list of list of int
        Candidates that share their preprocessing.
    rows : callable
        ``rows(split)`` cuts the data.
    n_jobs : int or None
    memory : joblib.Memory
    after_candidate : callable
    caller : estimator or None
        Whom callbacks are told of; of candidates and splits, but not of epochs.
    **stopping
        ``monitor``, ``n_iter_no_change``, ``max_epochs`` and ``error_score``.

    Returns
    -------
    outcomes : list of list of dict
        As of `skimdb.model_selection._fit_candidates.train_candidates`.
    """
    keep = memory.cache(keep_outcome, ignore=["train"])
    parallel = Parallel(n_jobs=n_jobs)
    outcomes = [None] * len(members)
    for group in groups:
        prepared = None
        for i in group:
            contexts = [m.context for m in members[i] if m.context is not None]
            for context in contexts:
                context.call_on_fit_task_begin(estimator=caller)
            kept = all(keep.check_call_in_cache(m.key, None) for m in members[i])
            if kept:
                outcomes[i] = [keep(m.key, None) for m in members[i]]
            else:
                if prepared is None:
                    prepared = parallel(
                        delayed(prepare)(member.estimator, rows(split))
                        for split, member in enumerate(members[i])
                    )
                    prepared = [
                        split._replace(seconds=split.seconds / len(group))
                        for split in prepared
                    ]
                outcomes[i] = _train_side_by_side(
                    members[i], prepared, parallel, **stopping
                )
                for member, outcome in zip(members[i], outcomes[i], strict=True):
                    if outcome["error"] is None:
                        keep(member.key, lambda outcome=outcome: outcome)
            for context in contexts:
                context.call_on_fit_task_end(estimator=caller)
            after_candidate(i, outcomes[i])
    return outcomes
