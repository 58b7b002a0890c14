"""The tasks of a search, as scikit-learn's callbacks see them."""

from contextlib import contextmanager
from typing import NamedTuple

from skimdb._fits import end_failed_task


class FitTask(NamedTuple):
    """A fit as scikit-learn's callbacks see it.

    Attributes
    ----------
    context : CallbackContext
    caller : estimator
        Estimator passed to the callbacks.
    """

    context: object
    caller: object

    def begin(self, split):
        """Begin the fit of a prepared split."""
        self.context.call_on_fit_task_begin(**self._list_arguments(split))

    def end(self, split):
        """End the fit of a prepared split."""
        self.context.call_on_fit_task_end(**self._list_arguments(split))

    def _list_arguments(self, split):
        weight = split.fit_params.get("sample_weight")
        metadata = None if weight is None else {"sample_weight": weight}
        data = {"X": split.X, "y": split.y, "metadata": metadata}
        return {"estimator": self.caller, **data}


def is_heard(*estimators):
    """Whether any of some estimators has callbacks of scikit-learn."""
    return any(getattr(estimator, "_skl_callbacks", None) for estimator in estimators)


@contextmanager
def tell_of_fit(task, classifier, split):
    """Tell scikit-learn's callbacks of the begin and the end of a fit, and its epochs.

    Parameters
    ----------
    task : FitTask or None
    classifier : estimator
    split : PreparedSplit
    """
    if task is None:
        yield
        return
    begun = False
    try:
        with task.context.propagate_callback_context(classifier):
            task.begin(split)
            begun = True
            yield
    finally:
        if begun:
            task.end(split)


class SearchTasks:
    """Tasks of a search, as scikit-learn's callbacks see them.

    Below the search are its candidates and the refit, below a candidate its splits.
    A context, at the exit of which all are ended that have begun, by an error or not.

    Parameters
    ----------
    search : EpochSearchCV
    candidates : list of Candidate
    n_splits : int
    **data : dict
        X, y and metadata, which they may ask for.
    """

    def __init__(self, search, candidates, n_splits, **data):
        self._params = {"estimator": search, **data}
        n_tasks = len(candidates) + bool(search.refit)
        self._root = search._init_callback_context(max_subtasks=n_tasks)
        self._candidates = [
            self._root.subcontext(
                f"candidate {candidate.describe()}", max_subtasks=n_splits
            )
            for candidate in candidates
        ]
        self._open = []  # the tasks that have begun, and not ended
        self.fits = {
            (i, j): FitTask(self._candidates[i].subcontext(f"split {j}"), search)
            for i, candidate in enumerate(candidates)
            for j in range(n_splits if is_heard(search, candidate.classifier) else 0)
        }

    def __enter__(self):
        for task in (self._root, *self._candidates):
            self._begin(task)
        return self

    def __exit__(self, kind, error, traceback):
        if error is None:
            self._end(self._root)
        for task in reversed(self._open):
            end_failed_task(task, error, **self._params)

    def _begin(self, task):
        task.call_on_fit_task_begin(**self._params)
        self._open.append(task)

    def _end(self, task):
        self._open.remove(task)
        task.call_on_fit_task_end(**self._params)

    def end_candidate(self, position):
        """End a candidate, all fits of which are done."""
        self._end(self._candidates[position])

    def fit_best(self, estimator, X, y, fit_params):
        """Fit the best candidate on all data."""
        context = self._root.subcontext("refit with best parameters")
        with context.propagate_callback_context(estimator):
            self._begin(context)
            estimator.fit(X, y, **fit_params)
        self._end(context)
