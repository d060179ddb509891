"""How good the editor of MEND or KE was while it was trained, from the file of ``mlake train``."""

import json
from pathlib import Path

import click

from mlake.editing.mend.files import TrainedFile
from mlake.editing.mend.method import KnowledgeEditor, Mend

EDITORS = {"mend": Mend, "ke": KnowledgeEditor}


def table(path: Path) -> str:
    """The validations that a file written here holds, as Markdown."""
    head, *points = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    lines = [
        "| step | NLL of new answers | new answers, % | KL on others | kept, % |",
        "| --- |" + 4 * " ---: |",
    ]
    for number, point in enumerate(points):
        told = f"{point['step']}, untrained" if not number else f"{point['step']}"
        shares = [f"{100 * point[name]:.0f}" for name in ("success", "kept")]
        best = ", best" if point["step"] == head["best"] else ""
        lines.append(
            f"| {told}{best} | {point['edit']:.2f} | {shares[0]} | {point['locality']:.2f} | {shares[1]} |"
        )
    return "\n".join(lines) + "\n"


@click.command()
@click.argument("trained", type=click.Path(path_type=Path))
@click.option("--method", type=click.Choice(list(EDITORS)), default="mend", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def main(trained: Path, method: str, out: Path) -> None:
    """Write what the editor TRAINED was trained on, then each validation, as JSON lines."""
    file = TrainedFile.read(trained, EDITORS[method].network)
    head = {key: value for key, value in file.head.items() if key not in ("fact_ids", "curve")}
    out.parent.mkdir(parents=True, exist_ok=True)
    lines = [head | {"sha256": file.sha256}, *file.head["curve"]]
    out.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))


if __name__ == "__main__":
    main()
