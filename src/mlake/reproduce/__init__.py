"""One command a table or figure of the paper: plan, run what is missing, write it beside the paper."""
