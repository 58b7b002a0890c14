"""Epoch curves and the search by them, as `sklearn.model_selection`.

In the order of the data: `_epoch_curve` and `_search` are the public names;
`_candidates` lists what is tried; `_routing` divides metadata; `_fit_candidates` runs
all fits, `_fit_split` one, `_patience` candidates that may stop early; `_best_epoch`
has the rules; `_results` makes `cv_results_`, `_history` the tidy frame; `_plot` and
`_plotting` draw.
"""
