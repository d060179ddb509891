"""Settings of an editing method for a model, found by measurement on facts that no report uses."""
