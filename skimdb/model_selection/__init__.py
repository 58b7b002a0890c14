"""Epoch curves and the search by them, named as `sklearn.model_selection`.

In the order of the data: `_search` and `_epoch_curve` have the public names.
`_candidates` lists the parameters to try, `_scoring` makes the scorers, `_routing`
checks the data and makes the splits. `_fit_candidates` runs all fits: `_workers` sends
them to joblib, `_prepare_split` preprocesses a split, `_fit_split` trains on it,
`_result_cache` caches the result, `_tasks` calls scikit-learn's callbacks.
`_epoch_training` has the two ways to train. `_results` finds the best epochs and makes
`cv_results_`, `_history` the tidy frame, `_plot` and `_plotting` draw it.
"""
