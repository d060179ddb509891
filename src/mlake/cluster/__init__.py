"""Runs on more than one machine: a pool of workers that hold the model, and one writer."""
