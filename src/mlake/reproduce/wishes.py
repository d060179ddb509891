"""Views to the runs that they need, each once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlake.chat_server import is_served, weights_out_of_reach
from mlake.editing import EDITORS
from mlake.evaluation.session import Settings
from mlake.evaluation.spec import NO_METHOD
from mlake.report.needs import TOKENS
from mlake.report.view import View
from mlake.reproduce.options import Options
from mlake.reproduce.runs import RUNS, SharedRun

__all__ = ["Wish", "methods_of", "models_of", "wishes"]


_BY_ASKING = {"choices"}
"""Analyses that need nothing of a model but its answers."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A run that a view needs.

    Attributes:
        model: Model to load.
        run: Name of the shared run.
        settings: The run's settings.
        analyses: What is measured besides, for all views that need the run.
    """

    model: str
    run: str
    settings: Settings
    analyses: tuple[str, ...]


def models_of(view: View, options: Options) -> tuple[str, ...]:
    """The models that a view is made with: the user's choice, else the paper's."""
    return options.models if options.models and view.models else view.models


def methods_of(view: View, options: Options) -> tuple[str, ...]:
    """The methods that a view shows: the user's choice where it compares several, else its own; none: all."""
    return options.methods if options.methods and len(view.methods) != 1 else view.methods


def wishes(views: Sequence[View], options: Options) -> tuple[Wish, ...]:
    """The runs that views need, models together, each run once.

    Raises:
        ModelError: A view needs the weights of a model that is on a server.
    """
    found: dict[tuple[str, str, str], Wish] = {}
    for view in views:
        for wish in _of(view, options):
            key = (wish.model, wish.run, wish.settings.method)
            before = found.get(key)
            analyses = dict.fromkeys((*(before.analyses if before else ()), *wish.analyses))
            found[key] = Wish(wish.model, wish.run, wish.settings, tuple(analyses))
    models = list(dict.fromkeys(wish.model for wish in found.values()))
    for view in views:
        _check_served(view, [model for model in models_of(view, options) if is_served(model)], options)
    return tuple(sorted(found.values(), key=lambda wish: models.index(wish.model)))


def _check_served(view: View, models: Sequence[str], options: Options) -> None:
    for model in models:
        if TOKENS in view.needs or not _BY_ASKING.issuperset(view.analyses):
            raise weights_out_of_reach(model, view.name)
        for wish in _of(view, options):
            wish.settings.check_served(model)


def _of(view: View, options: Options) -> Iterator[Wish]:
    methods = {name: _run_with(name, methods_of(view, options), options) for name in view.runs}
    if not all(methods.values()):
        return  # it cannot be made, as is said in the end; what it would share is not run for it
    for model in models_of(view, options):
        for name in view.runs:
            for method in methods[name]:
                yield Wish(model, name, _settings(method, RUNS[name], options), view.analyses)


def _run_with(name: str, shown: Sequence[str], options: Options) -> tuple[str, ...]:
    """Methods that a shared run is run with, for a view that shows some."""
    own = RUNS[name].methods
    if own == (NO_METHOD,):
        return own
    every = dict.fromkeys((*own, *options.methods))
    return tuple(method for method in every if (not shown or method in shown) and _can(method, RUNS[name]))


def _can(method: str, run: SharedRun) -> bool:
    """Whether a method has the settings that a shared run is made with; unknown names are refused later."""
    return method not in EDITORS or run.editor.keys() <= EDITORS[method].config().keys()


def _settings(method: str, run: SharedRun, options: Options) -> Settings:
    return Settings(
        method=method,
        editor=dict(run.editor),
        edit_langs=run.edit_langs,
        test_langs=run.test_langs,
        kinds=run.kinds,
        facts=options.facts,
        batch_size=run.batch_size or options.batch_size,
        sequence=run.sequence,
        locality=options.locality,
        seed=options.seed,
        max_new_tokens=options.max_new_tokens,
    )
