"""The run folder: what stands where, written so that a kill at any moment costs one unit at most.

::

    spec.json                                   every setting; its hash names the run
    plan.json                                   fact ids per batch, questions per unit, what was left out
    probes.jsonl                                every question, so that re-scoring needs no data set
    edits/<lang>/<batch>.safetensors            one edit, if it is no whole copy of the weights
    examined/<lang>/<batch>.safetensors         what was measured of the edit besides answers
    answers/unedited/<batch>-<lang>.jsonl       one unit of answers of the unedited model
    answers/<edit lang>/<batch>-<lang>.jsonl    one unit of answers of an edited model
    answers/<edit lang>/<step>/<batch>-<lang>.jsonl    the same in a sequence, after each step
    values/                                     what edits under way are made from, while the run goes on

No file holds a time, a date or a host name: a run that was killed and resumed ends with the same bytes
as one that was not.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any, Protocol, Self

from mlake.disk import TEMPORARY, encoded, json_of, write_atomic
from mlake.errors import RunError
from mlake.evaluation.plan import Plan
from mlake.evaluation.spec import FORMAT, RunSpec, canonical
from mlake.evaluation.stored import check_plan, check_probe, check_spec
from mlake.evaluation.units import UNEDITED, Place, Step, Unit, place_of
from mlake.folders import clear_leftovers, lock, os_errors
from mlake.kinds import KINDS
from mlake.records import Answer, Asked, Probe, Triple

__all__ = ["Run", "Savable", "Store", "read_run", "try_folder"]

_LOCK, _SPEC, _PLAN, _PROBES = "run.lock", "spec.json", "plan.json", "probes.jsonl"
_HASH = "sha256"
_OURS = {_LOCK, _SPEC, _PLAN, _PROBES, "edits", "answers", "examined", "values"}


class Savable(Protocol):
    """What an edit needs to be stored."""

    def save(self, path: Path, /) -> object:
        """Write the edit to one file, whole or not at all."""


class Store:
    """An open run folder; the only writer of answers and edits."""

    def __init__(self, folder: Path, spec: RunSpec):
        self.folder = folder
        self.spec = spec

    @classmethod
    @contextmanager
    def open(cls, folder: Path, spec: RunSpec) -> Iterator[Self]:
        """Lock a run folder, made if need be, and clear what a killed run left half written.

        Raises:
            RunError: Another process runs in it, it belongs to another spec, it holds other files, or
                it cannot be written.
        """
        with ExitStack() as held:
            with os_errors(folder):
                _refuse_foreign(folder)
                folder.mkdir(parents=True, exist_ok=True)
                lock(held, folder, _LOCK)
                clear_leftovers(folder)
            _check_spec(folder, spec.record())
            yield cls(folder, spec)

    def begin(self, plan: Plan) -> None:
        """Write spec, plan and probes, or check that they are the ones stored.

        Raises:
            RunError: The folder was planned from other data, or a unit in it is damaged.
        """
        if not (self.folder / _SPEC).exists():
            _write(self.folder / _SPEC, canonical(self.spec.record()) + "\n")
        probes = "".join(_line(asdict(probe)) for probe in plan.probes)
        layout = json.dumps(plan.record(), ensure_ascii=False, indent=1) + "\n"
        for name, text in ((_PLAN, layout), (_PROBES, probes)):
            path = self.folder / name
            if not path.exists():
                _write(path, text)
            elif path.read_bytes() != encoded(text):
                raise RunError(f"{path} is damaged or was made from other data; choose another --out")
        for unit in plan.units:
            if self.has(unit):
                rows = _read_unit(self.folder, unit.name, len(unit.questions))
                planned = [(question.probe.id, question.kind) for question in unit.questions]
                if [(row["probe"], row["kind"]) for row in rows] != planned:
                    path = _answers(self.folder, unit.name)
                    raise RunError(
                        f"{path} is damaged: it answers other questions than planned; delete it and run again"
                    )

    def has(self, unit: Unit) -> bool:
        """Whether a unit is finished."""
        return self.answers_path(unit).exists()

    def write(self, unit: Unit, answers: Sequence[Answer]) -> Path:
        """Store the answers of a unit, in the order of its questions."""
        rows = (
            {"probe": question.probe.id, "kind": question.kind, "text": one.text, "stopped": one.stopped}
            for question, one in zip(unit.questions, answers, strict=True)
        )
        text = "".join(map(_line, rows))
        path = self.answers_path(unit)
        _write(path, text + _line({_HASH: _hash(encoded(text))}))
        return path

    def unedited(self) -> dict[str, Answer]:
        """What the unedited model answered, as far as it is finished, by id of the question."""
        paths = (self.folder / "answers" / UNEDITED).glob("*.jsonl")
        names = (f"{UNEDITED}/{path.stem}" for path in sorted(paths))
        rows = (row for name in names for row in _read_unit(self.folder, name))
        return {row["probe"]: Answer(row["text"], row["stopped"]) for row in rows}

    def answers_path(self, unit: Unit) -> Path:
        """Where the answers of a unit are stored."""
        return _answers(self.folder, unit.name)

    def edit_path(self, step: Step) -> Path:
        """Where an edit is stored."""
        return self.folder / "edits" / f"{step.name}.safetensors"

    def write_edit(self, step: Step, edit: Savable) -> Path:
        """Store an edit."""
        path = self.edit_path(step)
        _save(edit, path)
        return path

    def drop_edit(self, step: Step) -> None:
        """Remove a stored edit that is not needed any more."""
        path = self.edit_path(step)
        with os_errors(path):
            path.unlink(missing_ok=True)

    def examined_path(self, step: Step) -> Path:
        """Where it is stored what was measured of an edit."""
        return self.folder / "examined" / f"{step.name}.safetensors"

    def write_examined(self, step: Step, measured: Savable) -> Path:
        """Store what was measured of an edit."""
        path = self.examined_path(step)
        _save(measured, path)
        return path

    @contextmanager
    def values(self) -> Iterator[Path]:
        """A folder for what edits under way are made from; gone once the run is finished."""
        path = self.folder / "values"
        yield path
        with os_errors(path):
            if path.exists():
                rmtree(path)


class Run:
    """A run folder to read: finished or not, locked or not.

    Attributes:
        folder: The folder.
        spec: Every setting, as in ``spec.json``.
        notes: What could not be edited or asked, counted.
    """

    def __init__(self, folder: Path, spec: dict[str, Any], plan: dict[str, Any]):
        self.folder = folder
        self.spec = spec
        self.notes: tuple[str, ...] = tuple(plan["notes"])
        self._units: dict[str, int] = plan["units"]

    def missing(self) -> list[str]:
        """Names of the units that are not finished, such as ``de/003-ja``."""
        return [name for name in self._units if not _answers(self.folder, name).exists()]

    def places(self) -> list[Place]:
        """Where the units stand, in the order they are asked."""
        return [place_of(name) for name in self._units]

    def asked(self) -> Iterator[Asked]:
        """Every stored answer that counts, the unedited model's first, then as planned.

        Of what a sequence asks again and again, under edits in one language, the last answer counts.

        Raises:
            RunError: A file is damaged, or an edited answer has no unedited one.
        """
        # Units are planned in the order of the steps, so that the last of a place replaces the others.
        return self._asked({place_of(name)._replace(step=None): name for name in self._stored()}.values())

    def along(self) -> Iterator[Asked]:
        """Every stored answer of a sequence, step after step; none where edits are made one by one.

        Raises:
            RunError: As ``asked``.
        """
        return (one for one in self._asked(self._stored()) if one.step is not None)

    def _stored(self) -> list[str]:
        return [name for name in self._units if _answers(self.folder, name).exists()]

    def _asked(self, names: Iterable[str]) -> Iterator[Asked]:
        probes = {probe.id: probe for probe in _read_probes(self.folder / _PROBES)}
        before: dict[str, Answer] = {}
        for name in names:
            lang, batch, _, step = place_of(name)
            for row in _read_unit(self.folder, name, self._units[name]):
                answer = Answer(row["text"], row["stopped"])
                if row["probe"] not in probes:
                    raise RunError(f"{row['probe']!r} of answers/{name}.jsonl is not in {_PROBES}; run again")
                probe = probes[row["probe"]]
                if lang is None:
                    before[probe.id] = answer
                    yield Asked(None, None, row["kind"], probe, answer, None)
                elif probe.id not in before:
                    raise RunError(f"no unedited answer to {probe.id!r} in {self.folder}; run it again")
                else:
                    yield Asked(lang, batch, row["kind"], probe, answer, before[probe.id], step)


def read_run(folder: Path | str) -> Run:
    """A run folder to score or report on.

    Raises:
        RunError: It holds no run, a run of another format, or a damaged file.
    """
    folder = Path(folder)
    if not (folder / _PLAN).is_file():
        raise RunError(f"{folder} holds no run; name a folder that 'mlake run' wrote")
    spec, plan = _read_object(folder / _SPEC), _read_object(folder / _PLAN)
    if spec.get("format") != FORMAT:
        raise RunError(f"{folder} has format {spec.get('format')!r}, this mlake reads {FORMAT!r}")
    check_spec(folder / _SPEC, spec)
    check_plan(folder / _PLAN, plan)
    return Run(folder, spec, plan)


def _answers(folder: Path, unit: str) -> Path:
    return folder / "answers" / f"{unit}.jsonl"


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def _write(path: Path, text: str) -> None:
    with os_errors(path):
        write_atomic(path, encoded(text))


def _save(value: Savable, path: Path) -> None:
    with os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        value.save(path)


def try_folder(folder: Path, known: Mapping[str, Any]) -> None:
    """Refuse a folder that a run cannot be stored in, and leave it as it was.

    Args:
        folder: The folder.
        known: What is known of the run's spec.

    Raises:
        RunError: Another process runs in it, it belongs to another run, it holds other files, or it cannot
            be written.
    """
    new = not folder.exists()
    with os_errors(folder):
        _refuse_foreign(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            lock(held, folder, _LOCK)
        if new:
            (folder / _LOCK).unlink(missing_ok=True)
            folder.rmdir()
    _check_spec(folder, known, known)


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists() or (folder / _SPEC).exists():
        return
    for path in sorted(folder.iterdir()):
        if path.name not in _OURS and not path.name.startswith(TEMPORARY):
            raise RunError(f"{folder} holds {path.name!r} but no run; choose an empty folder with --out")


def _check_spec(folder: Path, new: Mapping[str, Any], keys: Iterable[str] | None = None) -> None:
    """Refuse a folder whose run has other settings, of these keys or of all."""
    if not (folder / _SPEC).exists():
        return
    stored = _read_object(folder / _SPEC)
    for key in (*new, *stored) if keys is None else keys:
        there, here = stored.get(key), new.get(key)
        while isinstance(there, dict) and isinstance(here, dict) and there != here:
            part = next(one for one in (*here, *there) if here.get(one) != there.get(one))
            key, there, here = f"{key}.{part}", there.get(part), here.get(part)
        if there != here:
            raise RunError(
                f"{folder} holds another run: {key} is {_short(there)} there and {_short(here)} here; "
                "choose another --out or use the settings in its spec.json"
            )


def _short(value: Any) -> str:
    text = canonical(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = json_of(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {path}: {error}") from error
    if not isinstance(value, dict):
        raise RunError(f"{path} is damaged: it is no JSON object")
    return value


def _read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line numbers from 1 and rows."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror}") from error
    lines = content.split(b"\n")
    if lines.pop():
        raise _damaged(path, len(lines) + 1, "it is cut off")
    for number, line in enumerate(lines, 1):
        try:
            row = json_of(line.decode("utf-8"))
        except ValueError as error:
            raise _damaged(path, number, str(error)) from error
        if not isinstance(row, dict):
            raise _damaged(path, number, "no JSON object")
        yield number, row


def _read_unit(folder: Path, unit: str, count: int | None = None) -> list[dict[str, Any]]:
    """The answers of a unit; ``count`` is how many there have to be, if that is known."""
    path = _answers(folder, unit)
    rows: list[dict[str, Any]] = []
    asked = set()
    for number, row in _read_lines(path):
        if row.keys() == {_HASH}:
            _check_hash(path, number, row[_HASH])
            continue
        types = tuple(type(row.get(key)) for key in ("probe", "kind", "text", "stopped"))
        if types != (str, str, str, bool) or row["kind"] not in KINDS:
            raise _damaged(path, number, "probe, kind, text or stopped is missing or wrong")
        if (row["probe"], row["kind"]) in asked:
            raise _damaged(path, number, "a question stands there twice")
        asked.add((row["probe"], row["kind"]))
        rows.append(row)
    if count is not None and len(rows) != count:
        raise _damaged(path, len(rows), f"{len(rows)} rows, expected {count}")
    return rows


def _check_hash(path: Path, number: int, digest: object) -> None:
    """The last line of a unit holds the hash of the lines before it; runs of older versions have none."""
    before, line_end, _ = path.read_bytes().removesuffix(b"\n").rpartition(b"\n")
    if number != before.count(b"\n") + 1 + len(line_end) or digest != _hash(before + line_end):
        raise _damaged(path, number, "its lines are not those that were written")


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()


def _read_probes(path: Path) -> Iterator[Probe]:
    for number, row in _read_lines(path):
        try:
            for key in ("accept", "reject", "options", "relations"):
                row[key] = tuple(row[key])
            row["needs"] = tuple(row.get("needs", ()))  # older runs have none
            probe = Probe(**row | {"triples": tuple(Triple(*triple) for triple in row["triples"])})
            check_probe(probe)
        except (KeyError, TypeError) as error:
            raise _damaged(path, number, f"not a question: {error}") from error
        yield probe


def _damaged(path: Path, line: int, what: str) -> RunError:
    return RunError(f"{path} is damaged at line {line}: {what}; delete the file and run again")
