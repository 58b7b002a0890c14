"""
The same search on a cluster
============================

A search that runs on a laptop runs on a cluster: one line says where. The workers are
sent plain arrays, start in a second or two since they import no TensorFlow, and may be
lost in the middle. This needs the extra ``dask``.
"""

# %%
# A search
# --------
# Nothing in it knows of a cluster. A review here is twenty words, drawn more often from
# the good ones if it is positive.
import numpy as np
from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
)

rng = np.random.default_rng(0)
words = np.array([f"word{i}" for i in range(1000)])
y = rng.integers(0, 2, 600)
leaning = np.linspace(-1, 1, 1000)
texts = [
    " ".join(rng.choice(words, 20, p=weights / weights.sum()))
    for weights in (np.exp(leaning * (2 * label - 1)) for label in y)
]
pipe = make_pipeline(
    TextMultiHotVectorizer(),
    KerasMLPClassifier(batch_size=64, learning_rate=0.003, random_state=0),
)
grid = {"kerasmlpclassifier__size": [8, 32], "kerasmlpclassifier__l2": [0, 0.01]}
search = EpochSearchCV(pipe, grid, max_epochs=20, cv=KFold(4))

# %%
# Where it runs
# -------------
# Two processes of this machine stand for a cluster. For a real one, put the address of
# its scheduler here: it is the only change. The workers need skimdb installed.
#
# A script starts its processes below ``if __name__ == "__main__"``, as they read it,
# too.
address = None  # "tcp://scheduler.example.org:8786"

if __name__ == "__main__":
    cluster = address or LocalCluster(n_workers=2, threads_per_worker=1, processes=True)
    with Client(cluster) as client, parallel_config(backend="dask"):
        print("dashboard:", client.dashboard_link)
        search.fit(texts, y)
        tasks = client.run_on_scheduler(
            lambda dask_scheduler: sorted(dask_scheduler.task_prefixes)
        )
    print(search.best_params_)

# %%
# What the dashboard calls the tasks
# ----------------------------------
# A split is preprocessed by one worker, and its candidates are trained by all. If a
# worker is killed, the others do what it had under way, and the scores are the same.
if __name__ == "__main__":
    print(*[name for name in tasks if "split 0" in name], sep="\n")

# %%
# The result
# ----------
# is that of the same search without a cluster, to the last bit.
if __name__ == "__main__":
    EpochCurveDisplay.from_search(search)
