"""The benchmark of training: data, peers, tasks, whole scripts, sections."""
