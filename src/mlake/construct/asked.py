"""What a source is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlake.errors import DataError

__all__ = ["Asked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a source is asked for.

    Attributes:
        langs: The languages whose names are wanted.
        relations: The properties whose statements are wanted.
        place: The build's folder for what the source fetches or reads out; None if it has none.
        rest: What stands after the colon of the source's name.
        fetch: Whether the source may fetch and write.
        say: Told in a line what is going on.
    """

    langs: Sequence[str]
    relations: Sequence[str] = ()
    place: Path | None = None
    rest: str = ""
    fetch: bool = True
    say: Callable[[str], object] = lambda line: None

    def writable(self, source: str) -> Path:
        """The folder to write, for a source that finds nothing there yet.

        Raises:
            DataError: There is none, or nothing may be written.
        """
        if self.place is None:
            raise DataError(f"the source {source} needs a folder to keep what it reads; give one with --out")
        if not self.fetch:
            raise DataError(
                f"nothing of {source} is read yet, so that nothing can be said of its build; run it without "
                "--dry-run, perhaps with --until facts"
            )
        return self.place
