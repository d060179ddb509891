"""The page of a review, with NiceGUI: it shows what lies on the desk and hands on what is pressed.

Everything from data is shown by elements that hold text, never by HTML.
"""

import importlib
from collections.abc import Callable
from typing import Any

from mlake.errors import MlakeError, RunError
from mlake.languages import language
from mlake.review.criteria import CRITERIA
from mlake.review.decision import Verdict, reviewer_named
from mlake.review.desk import Case, Desk, own
from mlake.review.guard import Guard
from mlake.review.texts import texts_of
from mlake.safe import plain, visible

__all__ = ["KEYS", "nicegui", "serve"]

KEYS = {
    "a": "accept",
    "c": "correct",
    "r": "reject",
    "n": "next",
    "p": "previous",
    "d": "disputed",
}
"""Key to what it does; those of the criteria are their numbers."""

_BUILT_IN = 60.0  # seconds that a page may take to be made on a machine that does much else
_CLOSE = "gap: 0.4rem"
_LEAVE = "(e) => e.target.blur()"


def nicegui() -> Any:
    """The library of the page.

    Raises:
        RunError: It is not installed.
    """
    try:
        return importlib.import_module("nicegui")
    except ImportError:
        raise RunError("the review page needs nicegui; run: pip install 'mlake[review]'") from None


def serve(desk: Desk, *, host: str, port: int, token: str) -> None:
    """Serve the page until the process is told to end.

    Args:
        desk: What is reviewed.
        host: Name or address to listen on.
        port: The port, which is free.
        token: What must be shown in the address; empty on this machine.

    Raises:
        RunError: NiceGUI is not installed.
    """
    library = nicegui()
    ui, app = library.ui, library.app
    app.add_middleware(Guard, host=host, token=token)

    def door() -> None:
        _Door(ui, desk).show()

    def room(lang: str, reviewer: str = "") -> None:
        try:
            _Room(ui, desk, lang, reviewer_named(reviewer)).show()
        except MlakeError as error:
            ui.label(plain(error)).classes("text-negative")
            _Door(ui, desk).show()

    ui.page("/", response_timeout=_BUILT_IN)(door)
    ui.page("/read/{lang}", response_timeout=_BUILT_IN)(room)
    ui.run(
        host=host, port=port, title="mlake review", reload=False, show=False, show_welcome_message=False,
        reconnect_timeout=_BUILT_IN, tailwind=False,
    )  # fmt: skip


class _Door:
    """Where a reviewer says who he is and which language he reads."""

    def __init__(self, ui: Any, desk: Desk):
        self.ui = ui
        self.desk = desk

    def show(self) -> None:
        ui = self.ui
        with ui.column().classes("q-mx-auto q-mt-xl"):
            ui.label("Who reads, and in which language?").classes("text-h5")
            name = ui.input("Your name").props("autofocus maxlength=80").classes("reviewer")
            with ui.row():
                for lang in self.desk.langs:
                    ui.button(language(lang).name, on_click=self._opener(name, lang)).classes(f"open-{lang}")
            for lang in self.desk.langs:
                read, whole = len(self.desk.decided(lang)), len(self.desk.queue(lang))
                ui.label(f"{language(lang).name}: {read} of {whole} facts read by someone")

    def _opener(self, name: Any, lang: str) -> Callable[[], None]:
        def opened() -> None:
            from urllib.parse import urlencode

            try:
                query = urlencode({"reviewer": reviewer_named((name.value or "").strip())})
            except MlakeError as error:
                self.ui.notify(plain(error), type="negative")
                return
            self.ui.navigate.to(f"/read/{lang}?{query}")

        return opened


class _Room:
    """Where one reviewer reads one fact after another in one language."""

    def __init__(self, ui: Any, desk: Desk, lang: str, reviewer: str):
        self.ui = ui
        self.desk = desk
        self.lang = lang
        self.reviewer = reviewer
        self.queue = desk.queue(lang)
        waiting = desk.waiting(lang, reviewer)
        self.at = waiting[0] if waiting else 0
        self.broken: set[str] = set()
        self.fields: dict[str, Any] = {}
        self.boxes: dict[str, Any] = {}
        self.reason: Any = None

    @property
    def case(self) -> Case:
        """The fact that is shown."""
        return self.queue[self.at]

    def show(self) -> None:
        """Build the page."""
        self.ui.keyboard(on_key=self._pressed, repeating=False)
        self.body = self.ui.column().classes("full-width").style(_CLOSE)
        self._fill()

    def _fill(self) -> None:
        """Show the case anew, as the store has it now."""
        ui, case = self.ui, self.case
        decided = own(self.desk.decided(self.lang), case, self.reviewer)
        self.broken = set(decided.broken) if decided else set()
        self.fields, self.boxes = {}, {}
        self.body.clear()
        with self.body:
            self._head(decided is not None)
            with ui.row().classes("full-width no-wrap items-start"):
                with ui.column().style(f"flex: 3; min-width: 0; {_CLOSE}"):
                    self._texts(case, dict(decided.changes) if decided else {})
                with ui.column().style(f"flex: 2; min-width: 0; {_CLOSE}"):
                    self._judgement(decided.reason if decided else "")
                    self._said(case)
                    self._warnings(case)
                    self._elsewhere(case)

    def _head(self, decided: bool) -> None:
        ui, case = self.ui, self.case
        left = len(self.desk.waiting(self.lang, self.reviewer))
        done = f"{len(self.queue) - left} of {len(self.queue)} read by {self.reviewer}"
        ui.label(f"{language(self.lang).name} · fact {self.at + 1} · {done}").classes("progress")
        (subject, _), (relation, _), (old, _), (new, _) = case.edit
        with ui.row().classes("triple items-baseline text-h6"):
            for text in (subject, relation, f"{old} → {new}"):
                ui.label(visible(text)).props(f"lang={self.lang} dir=auto")
        ids = [name for _, name in case.edit]
        ui.label(f"{' · '.join(ids[:3])} → {ids[3]}{' · you have decided this one' if decided else ''}")

    def _texts(self, case: Case, changes: dict[str, str]) -> None:
        ui = self.ui
        for one in texts_of(case.line):
            shown = f"{one.kind} ({one.name})" if one.name != one.kind else one.kind
            field = ui.textarea(plain(shown), value=changes.get(one.name, one.text))
            field.props(f"autogrow outlined dense lang={self.lang} dir=auto").classes(
                f"full-width text-{len(self.fields)}"
            )
            field.on("keydown.escape", js_handler=_LEAVE).on("keydown.ctrl.enter", self._correct)
            if one.answers:
                ui.label(f"→ {visible(' · '.join(one.answers))}").props(f"lang={self.lang} dir=auto")
            self.fields[one.name] = field

    def _judgement(self, reason: str) -> None:
        ui = self.ui
        ui.label("Broken by these texts (keys 1 to 5)").classes("text-subtitle2")
        for number, row in enumerate(CRITERIA, 1):
            box = ui.checkbox(f"{number} {row.name}: {row.holds}", value=row.name in self.broken).props(
                "dense"
            )
            box.on_value_change(self._marker(row.name)).classes(f"criterion-{number}")
            self.boxes[row.name] = box
        self.reason = ui.input("Reason", value=reason).props("outlined dense").classes("full-width reason")
        self.reason.on("keydown.escape", js_handler=_LEAVE).on("keydown.enter", self._reject)
        with ui.row().style(_CLOSE):
            for key, name in KEYS.items():
                ui.button(f"{name} ({key})", on_click=self._doer(name)).classes(f"do-{name}").props(
                    "dense no-caps"
                )
        ui.label(
            "Escape leaves a field; Ctrl+Enter in a text saves the correction. An emptied question is left "
            "out."
        )

    def _said(self, case: Case) -> None:
        """What others decided, once this reviewer has decided: not before, or agreement would say nothing."""
        found = self.desk.decided(self.lang)
        if own(found, case, self.reviewer) is None:
            return
        for one in found[case.line["fact"], self.lang]:
            if one.reviewer != self.reviewer:
                about = [one.verdict, *one.broken, one.reason, *(f"{k}: {v}" for k, v in one.changes.items())]
                said = " · ".join(filter(None, about))
                self.ui.label(visible(f"{one.reviewer}: {said}")).classes("other")

    def _warnings(self, case: Case) -> None:
        for text in case.warnings:
            self.ui.label(visible(text)).classes("warning text-warning")

    def _elsewhere(self, case: Case) -> None:
        for line in self.desk.elsewhere(case):
            self.ui.label(language(line["lang"]).name).classes("text-subtitle2")
            for text in (line["question"], line["new_sentence"]):
                self.ui.label(visible(text)).props(f"lang={line['lang']} dir=auto").classes("elsewhere")

    def _marker(self, name: str) -> Callable[[Any], None]:
        def marked(event: Any) -> None:
            (self.broken.add if event.value else self.broken.discard)(name)

        return marked

    def _pressed(self, event: Any) -> None:
        keys = event.modifiers
        if not event.action.keydown or keys.ctrl or keys.alt or keys.meta:
            return
        key = event.key.name
        if key in KEYS:
            self._doer(KEYS[key])()
        elif key in [str(number) for number in range(1, len(CRITERIA) + 1)]:
            box = self.boxes[CRITERIA[int(key) - 1].name]
            box.set_value(not box.value)

    def _doer(self, name: str) -> Callable[[], None]:
        doers: dict[str, Callable[[], None]] = {
            "accept": lambda: self._decide("accept"),
            "correct": self._correct,
            "reject": self._reject,
            "next": lambda: self._go(self.at + 1),
            "previous": lambda: self._go(self.at - 1),
            "disputed": self._dispute,
        }
        return doers[name]

    def _go(self, at: int) -> None:
        self.at = at % len(self.queue)
        self._fill()

    def _changed(self) -> dict[str, str]:
        texts = {one.name: one.text for one in texts_of(self.case.line)}
        values = {name: field.value or "" for name, field in self.fields.items()}
        return {name: text for name, text in values.items() if text.strip() != texts[name]}

    def _correct(self) -> None:
        if self._changed():
            self._decide("correct")
        else:
            self.fields["question"].run_method("focus")

    def _reject(self) -> None:
        if (self.reason.value or "").strip():
            self._decide("reject")
        else:
            self.reason.run_method("focus")

    def _dispute(self) -> None:
        found = self.desk.disputed(self.lang, self.reviewer)
        if not found:
            self.ui.notify("nothing that you decided is disputed")
            return
        self._go(next((at for at in found if at > self.at), found[0]))

    def _decide(self, verdict: Verdict) -> None:
        try:
            self.desk.decide(
                self.case, self.reviewer, verdict,
                broken=sorted(self.broken), reason=self.reason.value or "", changes=self._changed(),
            )  # fmt: skip
        except MlakeError as error:
            self.ui.notify(plain(error), type="negative", multi_line=True)
            return
        waiting = self.desk.waiting(self.lang, self.reviewer)
        if not waiting:
            self.ui.notify("everything is read; thank you", type="positive")
        self._go(next((at for at in waiting if at > self.at), waiting[0] if waiting else self.at))
