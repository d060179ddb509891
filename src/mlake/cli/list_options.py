"""Options that several commands have."""

import click

__all__ = ["JSON"]

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
