"""What answers and edits tell beyond right and wrong: tokens, drift, neurons, fluency, choices."""
