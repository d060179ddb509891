"""The two files of a submission, and a folder that holds the answers of one again."""

import io
import json
import lzma
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from mlake.disk import encoded, json_of, write_files
from mlake.errors import RunError
from mlake.evaluation.store import Run, read_run
from mlake.records import Probe

__all__ = [
    "ANSWERS",
    "CLAIM",
    "FORMAT",
    "claim_of",
    "packed",
    "probe_lines",
    "read_claim",
    "restored",
    "unpack",
]

CLAIM, ANSWERS = "submission.json", "answers.tar.xz"
FORMAT = "mlake-submission/1"
_LARGEST = 1 << 30  # bytes of all answers; a run of the released data in five languages has some 50 MB
_BROKEN = (OSError, EOFError, lzma.LZMAError, tarfile.TarError)


def claim_of(
    spec: Mapping[str, Any], plan: Mapping[str, Any], scores: Mapping[str, Any], archive: bytes
) -> bytes:
    """The JSON of a submission.

    Args:
        spec: Every setting of the run.
        plan: Which facts in which batch, and how many questions in which unit.
        scores: What the answers scored.
        archive: The answers.
    """
    digest = {ANSWERS: sha256(archive).hexdigest()}
    claim = {"format": FORMAT, "spec": spec, "plan": plan, "scores": scores, "sha256": digest}
    lines = (f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in claim.items())
    return encoded("{" + ",\n".join(lines) + "}\n")


def read_claim(folder: Path) -> dict[str, Any]:
    """The JSON of a submission; what is in it is not checked.

    Raises:
        RunError: There is none, or it is cut off or of another format.
    """
    path = folder / CLAIM
    try:
        claim = json_of(path.read_bytes())
    except FileNotFoundError:
        raise RunError(f"{folder} holds no submission; name a folder that 'mlake submit' wrote") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}; submit the run again") from error
    found = claim.get("format") if isinstance(claim, dict) else None
    if found != FORMAT:
        raise RunError(f"{path} has format {found!r}, this mlake reads {FORMAT!r}; submit the run again")
    parts = {"spec": dict, "plan": dict, "scores": dict, "sha256": dict}
    for name, kind in parts.items():
        if not isinstance(claim.get(name), kind):
            raise RunError(f"{path} is damaged: {name} is missing or no JSON object; submit the run again")
    return dict(claim)


def packed(folder: Path, names: Iterable[str]) -> bytes:
    """Files of a folder in one archive, the same bytes for the same files.

    Args:
        folder: The folder.
        names: Their paths in it.
    """
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:xz", format=tarfile.USTAR_FORMAT, preset=9) as archive:
        for name in names:
            lines = (folder / name).read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(lines)
            archive.addfile(member, io.BytesIO(lines))
    return content.getvalue()


def probe_lines(probes: Iterable[Probe]) -> bytes:
    """Questions as a run folder holds them."""
    return encoded("".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in probes))


def restored(
    archive: Path,
    into: Path,
    *,
    spec: Mapping[str, Any],
    plan: Mapping[str, Any],
    probes: bytes,
) -> Run:
    """A run folder, made again from the answers.

    Args:
        archive: The answers.
        into: The folder.
        spec: Every setting.
        plan: Which facts in which batch, and how many questions in which unit.
        probes: The questions, as ``probe_lines`` writes them.

    Raises:
        RunError: The archive is damaged, or holds other files.
    """
    unpack(archive, into, [f"answers/{name}.jsonl" for name in plan["units"]])
    files = {"spec.json": encoded(json.dumps(spec)), "plan.json": encoded(json.dumps(plan))}
    write_files(into, {**files, "probes.jsonl": probes})
    return read_run(into)


def unpack(path: Path, into: Path, names: Sequence[str] | None = None) -> None:
    """Put the files of an archive into a folder.

    Args:
        path: The archive.
        into: The folder.
        names: The paths that it must hold, and no others; None for whatever it holds.

    Raises:
        RunError: It is damaged, or holds other files.
    """
    try:
        with tarfile.open(path) as archive:
            members = [one for one in archive.getmembers() if not one.isdir()]
            held = [one.name for one in members]
            if names is not None and sorted(held) != sorted(names):
                wrong = min({*held} ^ {*names}, default="a file twice")
                raise RunError(f"{path} contradicts its settings: {wrong} is missing or too much")
            if not all(one.isfile() for one in members) or sum(one.size for one in members) > _LARGEST:
                raise RunError(f"{path} holds more than answers: a link, or over {_LARGEST >> 20} MiB")
            archive.extractall(into, members, filter="data")
    except _BROKEN as error:
        raise RunError(f"{path} is damaged or cut off: {error}; submit the run again") from error
