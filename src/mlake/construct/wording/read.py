"""Reading the wording of a language from its file."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mlake.construct.wording.fill import Join, slots
from mlake.construct.wording.texts import RelationWording, Wording
from mlake.errors import DataError

__all__ = ["read_wording", "worded_languages"]

_TEXTS = ("label", "question", "sentence", "head", "phrase", "hop")
_SLOTS = {"question": "s", "paraphrases": "s", "sentence": "so", "phrase": "s", "hop": "s"}
_RELATION = re.compile(r"P[1-9]\d*")


def worded_languages(folder: Path | None = None) -> tuple[str, ...]:
    """Codes of the languages that have a file.

    Args:
        folder: Folder of the files; None for the packaged ones.
    """
    return tuple(sorted(one.name[:-5] for one in _place(folder).iterdir() if one.name.endswith(".toml")))


def read_wording(lang: str, folder: Path | None = None) -> Wording:
    """The wording of a language.

    Args:
        lang: Language code.
        folder: Folder with a file ``xx.toml`` for a language; one that it lacks is taken from the package.

    Raises:
        DataError: There is no such file, or something in it is wrong; the line names file and entry.
    """
    places = [_place(folder) / f"{lang}.toml", _place(None) / f"{lang}.toml"]
    place = next((one for one in places if one.is_file()), None)
    if place is None:
        have = ", ".join(sorted({*worded_languages(folder), *worded_languages()}))
        raise DataError(f"no wording in {lang!r}: there are files for {have}; write {lang}.toml")
    try:
        table = tomllib.loads(place.read_bytes().decode("utf-8"))
    except OSError as error:
        raise DataError(f"cannot read {place.name}: {error.strerror or error}; make it readable") from None
    except ValueError as error:
        raise DataError(f"{place.name} is no TOML: {error}; mend it") from None
    return _File(place.name, table).wording(lang)


def _place(folder: Path | None) -> Traversable:
    if folder is not None and not folder.is_dir():
        raise DataError(f"no folder {folder}: expected one with a file xx.toml per language")
    return folder or files("mlake.construct.wording")


class _File:
    def __init__(self, name: str, table: Mapping[str, Any]) -> None:
        self.name = name
        self.table = table

    def wording(self, lang: str) -> Wording:
        self._only(self.table, ("classes", "kinds", "members", "joins", "relations"), "the file")
        classes = {"bare": {"nom": "{}"}} | {
            name: self._forms(name, forms) for name, forms in self._part("classes").items()
        }
        kinds = {kind: self._class(name, classes, "[kinds]") for kind, name in self._part("kinds").items()}
        return Wording(
            lang, classes, kinds, self._members(classes), self._joins(), dict(self._relations(classes))
        )

    def _wrong(self, what: str) -> DataError:
        return DataError(f"{self.name}: {what}")

    def _part(self, name: str) -> Mapping[str, Any]:
        part = self.table.get(name, {})
        if not isinstance(part, dict):
            raise self._wrong(f"[{name}] must be a table")
        return part

    def _only(self, table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
        for key in table:
            if key not in known:
                raise self._wrong(f"unknown key {key!r} in {where}; expected: {', '.join(known)}")

    def _text(self, value: object, where: str) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(f"{where} must be a text, not {value!r}")
        return value

    def _forms(self, name: str, forms: object) -> dict[str, str]:
        if not isinstance(forms, dict) or not forms:
            raise self._wrong(f"[classes.{name}] must hold a form, such as nom = '{{}}'")
        for form, pattern in forms.items():
            if self._text(pattern, f"form {form} of [classes.{name}]").count("{}") != 1:
                raise self._wrong(f"form {form} of [classes.{name}] must hold {{}} once: {pattern!r}")
        return forms

    def _class(self, name: object, classes: Mapping[str, object], where: str) -> str:
        if not isinstance(name, str) or name not in classes:
            raise self._wrong(f"{where} names the class {name!r}; known: {', '.join(classes)}")
        return name

    def _members(self, classes: Mapping[str, object]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, ids in self._part("members").items():
            self._class(name, classes, "[members]")
            if not isinstance(ids, list):
                raise self._wrong(f"{name} in [members] must be a list of ids")
            for one in ids:
                if one in found:
                    raise self._wrong(f"{one} is in two classes of [members]: {found[one]} and {name}")
                found[one] = name
        return found

    def _joins(self) -> tuple[Join, ...]:
        rows = self.table.get("joins", [])
        if not isinstance(rows, list):
            raise self._wrong("joins must be written [[joins]]")
        return tuple(self._join(row) for row in rows)

    def _join(self, row: object) -> Join:
        if not isinstance(row, dict) or set(row) != {"left", "right", "becomes"}:
            raise self._wrong(f"a join must hold left, right and becomes, and nothing else: {row!r}")
        becomes = row["becomes"]
        if not isinstance(becomes, list) or len(becomes) != 2:
            raise self._wrong(f"becomes of a join must hold two texts: {becomes!r}")
        try:
            left, right = re.compile(row["left"]), re.compile(row["right"])
        except (re.error, TypeError) as error:
            raise self._wrong(f"a join is no regular expression: {error}") from None
        return Join(left, right, (str(becomes[0]), str(becomes[1])))

    def _relations(self, classes: Mapping[str, object]) -> Iterator[tuple[tuple[str, str], RelationWording]]:
        for relation, row in self._part("relations").items():
            if not _RELATION.fullmatch(relation):
                raise self._wrong(f"[relations.{relation}] must be named by a property, such as P19")
            if not isinstance(row, dict):
                raise self._wrong(f"[relations.{relation}] must be a table")
            common = {key: value for key, value in row.items() if not isinstance(value, dict)}
            yield (relation, ""), self._row(common, classes, f"[relations.{relation}]")
            for kind, own in row.items():
                if isinstance(own, dict):
                    where = f"[relations.{relation}.{kind}]"
                    base = (
                        common if "question" not in own else {k: v for k, v in common.items() if k != "hop"}
                    )
                    yield (relation, kind), self._row(base | own, classes, where)

    def _row(self, row: dict[str, Any], classes: Mapping[str, object], where: str) -> RelationWording:
        self._only(row, (*_TEXTS, "paraphrases"), where)
        filled = {"hop": row.get("question")} | row
        texts = {key: self._text(filled.get(key), f"{key} of {where}") for key in _TEXTS}
        paraphrases = row.get("paraphrases")
        if not isinstance(paraphrases, list) or not paraphrases:
            raise self._wrong(f"paraphrases of {where} must be a list of texts")
        for key, wanted in _SLOTS.items():
            for text in paraphrases if key == "paraphrases" else [texts[key]]:
                self._slots(self._text(text, f"{key} of {where}"), wanted, f"{key} of {where}")
        self._class(texts["head"], classes, f"head of {where}")
        return RelationWording(paraphrases=tuple(paraphrases), **texts)

    def _slots(self, template: str, wanted: str, where: str) -> None:
        try:
            found = {letter for letter, _ in slots(template)}
        except ValueError:
            raise self._wrong(f"the braces of {where} do not match: {template!r}") from None
        if found != set(wanted):
            needed = " and ".join(f"{{{letter}}}" for letter in wanted)
            raise self._wrong(f"{where} must hold {needed} and no other slot: {template!r}")
