"""Options of commands whose runs can be spread over a cluster, and the workers that they ask for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from mlake.chat_server import is_served
from mlake.errors import RunError
from mlake.safe import plain

if TYPE_CHECKING:
    from mlake.cluster.spread import Pool

__all__ = ["check_cluster", "cluster_options", "note", "pool_of"]

_OPTIONS = (
    click.option(
        "--on",
        type=click.Choice(["ray"]),
        help="Spread the work over the Ray cluster that runs.",
    ),
    click.option(
        "--workers", type=click.IntRange(1), help="With --on: how many.  [default: one a GPU, or a machine]"
    ),
    click.option(
        "--gpus", type=click.IntRange(0), help="With --on: GPUs of each worker; the model is laid over them."
    ),
)


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that takes where to run."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@contextmanager
def pool_of(flags: Mapping[str, Any]) -> Iterator["Pool | None"]:
    """A block with the workers that are asked for; None where everything runs here.

    Raises:
        RunError: The cluster cannot be had.
    """
    if flags["on"] is None:
        yield None
        return
    from mlake.cluster.on_ray import ray_pool

    with ray_pool(flags["workers"], flags["gpus"]) as pool:
        yield pool


def note(text: str) -> None:
    """Tell what happened on the way."""
    click.echo(plain(f"note: {text}"), err=True)


def check_cluster(flags: Mapping[str, Any], models: Sequence[str], dry_run: bool) -> None:
    """Refuse options that do not go together.

    Raises:
        RunError: They do not, or a model of these is on a server.
    """
    if flags["on"] is None:
        lost = [f"--{name}" for name in ("workers", "gpus") if flags[name] is not None]
        if lost:
            raise RunError(f"{lost[0]} is of workers on a cluster, and all is done here; give --on ray too")
        return
    if dry_run:
        raise RunError("--dry-run measures this machine, not those of a cluster; leave out --on")
    if flags.get("keep"):
        raise RunError("--keep is written by one machine; give it without --on once the run is finished")
    served = next(filter(is_served, models), None)
    if served:
        raise RunError(f"{served!r} is asked on its server, many questions at a time; leave out --on")
