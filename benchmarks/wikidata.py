"""Packs a build into the package: the data set ``wikidata-5``.

::

    mlake build --out DIR
    python -m benchmarks.wikidata DIR
"""

import json
import lzma
import sys
from pathlib import Path

PLACE = Path(__file__).parent.parent / "src" / "mlake" / "data" / "wikidata5"


def packed(folder: Path) -> dict[str, bytes]:
    """Name to content of the packaged files.

    Args:
        folder: A finished build.
    """
    stages = folder / "stages"
    splits = [json.loads(line) for line in (stages / "splits.jsonl").read_text("utf-8").splitlines()]
    tuning = [row["fact"] for row in splits if row["split"] == "tuning"]
    texts = (stages / "texts.jsonl").read_bytes()
    return {
        "facts.jsonl.xz": lzma.compress(texts, preset=9 | lzma.PRESET_EXTREME),
        "splits.json": f"{json.dumps({'facts': len(splits), 'tuning': tuning})}\n".encode(),
    }


def main() -> None:
    """Packs the build in the folder that is named."""
    for name, content in packed(Path(sys.argv[1])).items():
        (PLACE / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
