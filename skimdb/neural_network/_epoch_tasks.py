"""scikit-learn's callbacks are told where a fit and its epochs begin and end."""

from skimdb._fits import end_failed_task


class EpochTasks:
    """The tasks of a fit: the whole, and each epoch.

    A context, at the exit of which all are ended that have begun, by an error or not.

    Parameters
    ----------
    estimator : estimator
        Estimator passed to the callbacks.
    n_epochs : int
    **data : dict
        X, y and metadata, which they may ask for.
    """

    def __init__(self, estimator, n_epochs, **data):
        self._params = {"estimator": estimator, **data}
        self._root = estimator._init_callback_context(max_subtasks=n_epochs)
        self._task = None

    def __enter__(self):
        self._root.call_on_fit_task_begin(**self._params)
        return self

    def __exit__(self, kind, error, traceback):
        if error is None:  # all attributes are set
            self._root.call_on_fit_task_end(
                **self._params, reconstruction_attributes={}
            )
            return
        for task in (self._task, self._root):
            if task is not None:
                end_failed_task(task, error, **self._params)

    def begin_epoch(self):
        """Begin an epoch."""
        task = self._root.subcontext(task_name="epoch")
        self._task = task.call_on_fit_task_begin(**self._params)

    def end_epoch(self, fitted):
        """End an epoch; returns whether a callback wants to stop.

        ``fitted()`` returns the attributes of an estimator that had stopped here.
        """
        task, self._task = self._task, None
        return task.call_on_fit_task_end(
            **self._params, reconstruction_attributes=fitted
        )
