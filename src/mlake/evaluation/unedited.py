"""What unedited models answered before, kept so that no run asks it again."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from mlake.disk import cache_dir, cannot_keep, json_of
from mlake.evaluation.run import Ask, Progress
from mlake.evaluation.spec import canonical
from mlake.records import Answer

__all__ = ["Known"]


class Known:
    """Answers of one unedited model under one set of settings, in a file that all runs share.

    Each line is one answer. Runs add lines at the end, each time in one write; of several answers to a
    question the first stands. A line that is damaged or cut off is passed over, and its question asked
    again. A file that cannot be read or written is told once, and then left alone.

    Attributes:
        path: The file.
        wanted: How many answers were asked for.
        reused: How many of them were known.
    """

    def __init__(self, path: Path):
        self.path = path
        self.wanted = 0
        self.reused = 0
        self._answers: dict[str, Answer] = {}
        self._read_to = 0
        self._usable = True

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """The answers under these settings, in the cache folder."""
        name = sha256(canonical(settings).encode()).hexdigest()[:32]
        return cls(cache_dir() / "answers" / f"{name}.jsonl")

    def among(self, questions: Iterable[str]) -> set[str]:
        """Those of the questions that have an answer by now."""
        self._read()
        return {one for one in questions if one in self._answers}

    def texts(self, questions: Iterable[str]) -> list[str]:
        """The answers to those of the questions that have one by now."""
        return [self._answers[one].text for one in sorted(self.among(questions))]

    def before(self, answer: Ask, at_once: int | None = None) -> Ask:
        """Asks like ``answer``, but only what is not known; what is answered is known from then on.

        Progress is told of what is asked alone.

        Args:
            answer: Asks a model.
            at_once: How many questions to ask before the answers are kept; None for all, since what a model
                here says in half precision can depend on what it is asked beside.
        """

        def ask(lm: Any, questions: Sequence[str], progress: Progress) -> list[Answer]:
            known = self.among(questions)
            new = [one for one in dict.fromkeys(questions) if one not in known]
            found = sum(one in known for one in questions)
            for start in range(0, len(new), at_once or max(1, len(new))):
                some = new[start : start + (at_once or len(new))]
                self._add(dict(zip(some, answer(lm, some, progress), strict=True)))
            self.wanted += len(questions)
            self.reused += found
            return [self._answers[one] for one in questions]

        return ask

    def _read(self) -> None:
        """Take in what stands in the file by now, up to its last line end."""
        if not self._usable:
            return
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._read_to)
                whole, end, _ = stream.read().rpartition(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            self._leave(error)
            return
        self._read_to += len(whole + end)
        for line in whole.split(b"\n"):
            match _parsed(line):
                case {
                    "question": str() as question,
                    "text": str() as text,
                    "stopped": bool() as stopped,
                    "crc32": int() as crc32,
                } if crc32 == _crc32(question, text, stopped):
                    self._answers.setdefault(question, Answer(text, stopped))

    def _add(self, replies: Mapping[str, Answer]) -> None:
        self._answers.update(replies)
        if not self._usable:
            return
        rows = (
            {
                "question": question,
                "text": reply.text,
                "stopped": reply.stopped,
                "crc32": _crc32(question, reply.text, reply.stopped),
            }
            for question, reply in replies.items()
        )
        # The line break at the start ends what a killed or failed write may have left without one.
        content = "\n" + "".join(json.dumps(row) + "\n" for row in rows)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab", buffering=0) as stream:
                stream.write(content.encode())
        except OSError as error:
            self._leave(error)

    def _leave(self, error: OSError) -> None:
        self._usable = False
        cannot_keep(error)


def _crc32(question: str, text: str, stopped: bool) -> int:
    """Tells damage, and answers of versions that kept what a broken model said."""
    return zlib.crc32(json.dumps([question, text, stopped]).encode())


def _parsed(line: bytes) -> Any:
    try:
        return json_of(line)
    except ValueError:
        return None
