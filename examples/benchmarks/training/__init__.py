"""The benchmark of training: sizes, data, peers, tasks, whole scripts, sections."""
