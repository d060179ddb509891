"""Every error that mlake raises on purpose.

MlakeError                what a user can cause or mend; the command line prints it in one line, exit code 2
├── UnknownNameError      a name that is in no table (data set, model family, language, method, recipe)
├── DataError             data that is missing, truncated, mis-encoded or mis-shaped
│   ├── DownloadError     data that could not be fetched
│   └── FactsError        facts with problems, all of which it holds
├── ModelError            a model that cannot be loaded or is not understood
├── LanguageError         something that a language needs and its file does not hold
├── SubjectError          no subject span where a method needs one
├── EditError             an edit that cannot be computed, applied, saved or loaded
└── RunError              a run folder that is in use, does not match its spec, or is damaged
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

__all__ = [
    "DataError",
    "DownloadError",
    "EditError",
    "FactsError",
    "LanguageError",
    "MlakeError",
    "ModelError",
    "RunError",
    "SubjectError",
    "UnknownNameError",
    "closest",
    "memory_ran_out",
]


_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")


def memory_ran_out(error: BaseException) -> bool:
    """Whether an error says that memory ran out, for which every library has errors of its own."""
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in _NO_MEMORY)


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like another, capitals aside; empty if none is."""
    folded = {one.casefold(): one for one in known}
    near = get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else ""


class MlakeError(Exception):
    """Base of all errors that mlake raises on purpose; its text is one line: what, expected what, do what."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are made again from their text alone, which is not what those with fields are made from.
        return _made_again, (type(self), self.args, self.__dict__)


def _made_again(kind: type[MlakeError], args: tuple[Any, ...], fields: dict[str, Any]) -> MlakeError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


class UnknownNameError(MlakeError):
    """A name that is in no table."""

    def __init__(self, what: str, name: str, known: Iterable[str], meant: str | None = None):
        names = sorted(known)
        near = meant or closest(name, names)
        hint = f" Did you mean {near!r}?" if near else ""
        super().__init__(f"unknown {what} {name!r}; known: {', '.join(names)}.{hint}")


class DataError(MlakeError):
    """Data that is missing, truncated, mis-encoded or mis-shaped."""


class DownloadError(DataError):
    """Data that could not be fetched."""


class FactsError(DataError):
    """A file or folder of facts with problems; the text shows the first ones.

    Attributes:
        problems: Every problem by line and field, in order.
    """

    def __init__(self, text: str, problems: Iterable[str]):
        super().__init__(text)
        self.problems = tuple(problems)


class ModelError(MlakeError):
    """A model that cannot be loaded or is not understood."""


class LanguageError(MlakeError):
    """Something that a language needs and its file does not hold."""


class SubjectError(MlakeError):
    """No subject span where a method needs one."""


class EditError(MlakeError):
    """An edit that cannot be computed, applied, saved or loaded."""


class RunError(MlakeError):
    """A run folder that is in use, does not match its spec, or is damaged."""
