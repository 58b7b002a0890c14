"""Epoch curves and the search by them, as `sklearn.model_selection`.

In the order of the data: `_epoch_curve` and `_search` are the public names;
`_candidates` lists what is tried; `_scoring` makes what is called after every epoch;
`_routing` divides metadata, and cuts to a split; `_fit_candidates` runs all fits:
`_parallel` sends them to workers, `_prepare_split` preprocesses a split, `_fit_split`
trains on it, `_patience` trains candidates that may stop early; `_result_keys` and
`_result_store` keep what is done, `_result_claims` divides it among processes,
`_search_tasks` tells callbacks; `_best_epoch` has the rules; `_results` makes
`cv_results_`, `_history` the tidy frame; `_plot` and `_plotting` draw.
"""
