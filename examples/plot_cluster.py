"""
The same search on a cluster
============================

A search that runs on a laptop also runs on a cluster: one line says where. The workers
start in a second or two because they do not import TensorFlow, and the search survives
the loss of a worker. This example needs the extra ``dask``.

:doc:`/scaling` compares the ways to use several processes or machines.
"""

# %%
# A search
# --------
# The search is the same as on one machine. To keep the example short, a review is
# twenty random words. Words of one half of the list are more frequent in positive
# reviews, words of the other half in negative ones.
import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster, get_task_stream
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
grid = {"kerasmlpclassifier__l2": [0, 0.01], "kerasmlpclassifier__size": [4, 16]}
search = EpochSearchCV(pipe, grid, max_epochs=60, cv=KFold(4))
# sphinx_gallery_thumbnail_number = 2

# %%
# Where it runs
# -------------
# Here, two processes on this machine act as a cluster. For a real cluster, set
# ``address`` to the address of its scheduler; nothing else changes. skimdb must be
# installed on the workers.
#
# The code that starts processes is below ``if __name__ == "__main__"``, because each
# process imports the script.
address = None  # "tcp://scheduler.example.org:8786"

if __name__ == "__main__":
    cluster = address or LocalCluster(n_workers=2, threads_per_worker=1, processes=True)
    with (
        Client(cluster) as client,
        get_task_stream(client) as stream,
        parallel_config(backend="dask"),
    ):
        search.fit(texts, y)
    print(search.best_params_)

# %%
# The tasks
# ---------
# Each bar is a task: the training of one or more candidates on a split. All workers
# share the work. If one is lost, the others repeat its tasks, and the scores are the
# same.
if __name__ == "__main__":
    workers = sorted({task["worker"] for task in stream.data})
    parts = [
        (workers.index(task["worker"]), part["start"], part["stop"])
        for task in stream.data
        for part in task["startstops"]
        if part["action"] == "compute"
    ]
    rows, starts, stops = np.transpose(parts)
    _, ax = plt.subplots(figsize=(8, 2), layout="constrained")
    style = {"color": "#56B4E9", "edgecolor": "black"}
    ax.barh(rows, stops - starts, left=starts - starts.min(), height=0.6, **style)
    ax.set_yticks([0, 1], ["worker 1", "worker 2"])
    ax.set_xlabel("Seconds since the start of the first task")

# %%
# The result
# ----------
# It is the same as without a cluster, to the last bit.
if __name__ == "__main__":
    EpochCurveDisplay.from_search(search)
