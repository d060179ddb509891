"""Results that others send in: answers without the texts of the data, and the scores they claim to have."""
