"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mlake.evaluation.spec import DEFAULTS
from mlake.templates import STOPS

__all__ = [
    "BATCH_SIZE",
    "DEVICE",
    "DTYPE",
    "JSON",
    "LOADING",
    "LOCALITY",
    "MAX_NEW_TOKENS",
    "MIRROR",
    "SEED",
    "TRAINED",
    "model_options",
]

_Command = Callable[..., Any]

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
BATCH_SIZE = click.option(
    "--batch-size", type=int, default=DEFAULTS.batch_size, show_default=True, help="Facts edited together."
)
LOCALITY = click.option(
    "--locality",
    type=int,
    default=DEFAULTS.locality,
    show_default=True,
    help="Questions outside each batch.",
)
SEED = click.option(
    "--seed", type=int, default=DEFAULTS.seed, show_default=True, help="Seed of all random draws."
)
MAX_NEW_TOKENS = click.option(
    "--max-new-tokens",
    type=click.IntRange(1),
    default=DEFAULTS.max_new_tokens,
    show_default=True,
    help="Longest answer, tokens.",
)
MIRROR = click.option(
    "--mirror",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with the published files at the paths of their repository; else they are downloaded once.",
)
TRAINED = click.option(
    "--trained", multiple=True, metavar="METHOD=FILE", help="What `mlake train METHOD` wrote, if elsewhere."
)
DTYPE = click.option("--dtype", default="auto", show_default=True, help="bf16, fp16, fp32, fp64, or auto.")
DEVICE = click.option("--device", default="auto", show_default=True, help="Torch device, or auto.")
_LOADED = (
    click.option("--model", required=True, help="Hub id, folder, .gguf file, 'demo', or openai:URL#NAME."),
    click.option("--revision", help="Branch, tag or commit of a hub model."),
    DTYPE,
    DEVICE,
    click.option("--template", help="Prompt template with one {question}, instead of the model's own."),
    click.option(
        "--stop",
        type=click.Choice(list(STOPS)),
        help="Answers end at a line break, or only at the model's end token.  [default: end in a chat]",
    ),
)
LOADING = ("dtype", "device", "revision", "template", "stop")
"""Flags that say how a model is loaded, under their own names."""


def model_options(command: _Command) -> _Command:
    """A command that takes which model to load, and how."""
    for option in reversed(_LOADED):
        command = option(command)
    return command
