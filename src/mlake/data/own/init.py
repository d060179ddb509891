"""A small working start for facts of one's own: a folder with two facts, their schema and what to do next."""

from contextlib import suppress
from importlib import resources
from pathlib import Path

from mlake.data.own.schema import schema
from mlake.errors import DataError

__all__ = ["init"]

_FILES = ("facts.jsonl", "facts.csv", "README.md")


def init(folder: Path) -> list[Path]:
    """Writes the files of a start into a new or empty folder.

    Returns:
        The files that were written.

    Raises:
        DataError: The folder is not empty, or it cannot be written.
    """
    start = resources.files("mlake.data").joinpath("start")
    content = {name: start.joinpath(name).read_bytes() for name in _FILES}
    content["facts.schema.json"] = schema().encode()
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise DataError(f"{folder} is not empty and nothing in it is overwritten; name a new folder")
        for name, data in content.items():
            with (folder / name).open("xb") as stream:
                written.append(folder / name)
                stream.write(data)
    except OSError as error:
        for path in written:
            with suppress(OSError):
                path.unlink()
        why = error.strerror or str(error)
        raise DataError(f"cannot write to the folder {folder}: {why}; name another one") from None
    return [folder / name for name in content]
