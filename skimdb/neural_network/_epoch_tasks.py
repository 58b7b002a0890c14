"""scikit-learn's callbacks are told where a fit and its epochs begin and end."""


class EpochTasks:
    """The tasks of a fit: the whole, and each epoch.

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
        self._root.call_on_fit_task_begin(**self._params)
        self._task = None

    def begin_epoch(self):
        """Begin an epoch."""
        self._task = self._root.subcontext(task_name="epoch")
        self._task.call_on_fit_task_begin(**self._params)

    def end_epoch(self, fitted):
        """End an epoch; returns whether a callback wants to stop.

        ``fitted()`` returns the attributes of an estimator that had stopped here.
        """
        return self._task.call_on_fit_task_end(
            **self._params, reconstruction_attributes=fitted
        )

    def end_fit(self):
        """End the fit, of which all attributes are set."""
        self._root.call_on_fit_task_end(**self._params, reconstruction_attributes={})
