"""The price of an edit: what else the model says otherwise than before."""
