"""A small pipeline: numbers, what is left of them, and files made of that."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from mlake.construct.context import Context, Settings
from mlake.construct.source import Source
from mlake.construct.stage import Drop, Made, Row, Rows, Stage
from mlake.data.faults import FILLED, Shape


def context(seed: int = 0, **inputs: str) -> Context:
    digests = {name: sha256(text.encode()).hexdigest() for name, text in ({"source": "a"} | inputs).items()}
    return Context(
        settings=Settings(seed=seed), inputs=digests, source=Source({}, ()), relations={}, wordings=()
    )


def numbers(context: Context, rows: Rows) -> Made:
    return Made([{"id": f"n{at}", "value": f"{context.settings.seed + at}"} for at in range(6)])


def even(context: Context, rows: Rows) -> Made:
    odd = [row for row in rows["numbers"] if int(row["value"]) % 2]
    kept = [row for row in rows["numbers"] if row not in odd]
    return Made(kept, [Drop(row["id"], "twice", f"{row['value']} is odd") for row in odd])


def listed(context: Context, rows: Rows) -> Made:
    lost = [f"-{row['id']}" for row in rows["even.dropped"]]
    text = " ".join([row["value"] for row in rows["even"]] + lost)
    files = {"release/README.md": text.encode()} | {f"release/{row['id']}": b"" for row in rows["even"]}
    return Made([{"id": name} for name in files], files=files)


def shape(_: Settings) -> Shape:
    fields: dict[str, Any] = {"id": FILLED, "value": FILLED}
    return {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False}


STAGES = (
    Stage(name="numbers", title="count", uses=("source",), make=numbers, shape=shape),
    Stage(name="even", title="leave the odd out", reads=("numbers",), make=even, shape=shape),
    Stage(name="listed", title="list what is left", reads=("even", "even.dropped"), make=listed),
)


def contents(folder: Path) -> Mapping[str, bytes]:
    """Every file of a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def row(number: int, value: str) -> Row:
    return {"id": f"n{number}", "value": value}
