"""Recipes to the runs that they need, each once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlake.evaluation.session import Settings
from mlake.reproduce.options import Options
from mlake.reproduce.recipes import Recipe, shared_runs

__all__ = ["Wish", "models_of", "wishes"]


@dataclass(frozen=True, slots=True)
class Wish:
    """A run that a recipe needs.

    Attributes:
        model: Model to load.
        run: Name of the shared run.
        settings: The run's settings.
        analyses: What is measured besides, for all recipes that need the run.
    """

    model: str
    run: str
    settings: Settings
    analyses: tuple[str, ...]


def models_of(recipe: Recipe, options: Options) -> tuple[str, ...]:
    """The models that a recipe is made with: the user's choice, else the paper's."""
    return options.models if options.models and recipe.models else recipe.models


def wishes(recipes: Sequence[Recipe], options: Options) -> tuple[Wish, ...]:
    """The runs that recipes need, models together, each run once."""
    found: dict[tuple[str, str, str], Wish] = {}
    for recipe in recipes:
        for wish in _of(recipe, options):
            key = (wish.model, wish.run, wish.settings.method)
            before = found.get(key)
            analyses = dict.fromkeys((*(before.analyses if before else ()), *wish.analyses))
            found[key] = Wish(wish.model, wish.run, wish.settings, tuple(analyses))
    models = list(dict.fromkeys(wish.model for wish in found.values()))
    return tuple(sorted(found.values(), key=lambda wish: models.index(wish.model)))


def _of(recipe: Recipe, options: Options) -> Iterator[Wish]:
    shared = shared_runs()
    for model in models_of(recipe, options):
        for name in recipe.runs:
            run = shared[name]
            for method in run["methods"]:
                if method == "none" or method in recipe.methods:
                    yield Wish(model, name, _settings(method, run, options), recipe.analyses)


def _settings(method: str, run: dict[str, Any], options: Options) -> Settings:
    return Settings(
        method=method,
        editor=dict(run.get("set", {})),
        edit_langs=run.get("edit-lang", "all"),
        test_langs=run["test-lang"],
        kinds=tuple(run["kinds"]),
        facts=options.facts,
        batch_size=options.batch_size,
        locality=options.locality,
        seed=options.seed,
        max_new_tokens=options.max_new_tokens,
    )
