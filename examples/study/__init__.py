"""Shared parts of the two studies."""
