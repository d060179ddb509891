from typing import Any

import pytest
from tests.report.paper_runs import LANGS, SHA, Scores, cell, run

from mlake.report.paper import table1, table2, table4, table8, table9
from mlake.report.paper.compare import INTERVAL, SCORERS

TWO = "[0.0, 100.0] (2, 2)"
"""What two facts tell."""

VICUNA, QWEN = "lmsys/vicuna-7b-v1.5", "Qwen/Qwen1.5-7B-Chat"
SAME = {"direct": [1, 1, 1, 0], "multihop": [1, 0, 0, 0]}


def same_language(**settings):
    """75 % on direct and 25 % on two-hop questions in every language; half by `contains`, 0 unedited."""
    scores: dict[Any, Any] = {}
    for lang in settings.get("edit_langs", LANGS):
        for kind, values in SAME.items():
            scores |= {
                (None, lang, kind, "paper"): [0, 0, 0, 0],
                (lang, lang, kind, "paper"): values,
                (lang, lang, kind, "contains"): [value / 2 for value in values],
            }
    return run(scores, **settings)


class TestTable1:
    def test_every_language_and_both_hops(self) -> None:
        tables = table1([same_language()])
        assert [table.name for table in tables] == ["table1-direct", "table1-multihop"]
        for table, percent in zip(tables, (75.0, 25.0), strict=True):
            assert [row[:5] for row in table.rows] == [("demo", "memit", lang, 4, percent) for lang in LANGS]
            assert cell(table, "% (contains)", language="ja") == percent / 2
            assert cell(table, "% unedited (paper)", language="zh") == 0.0
            low, high = cell(table, INTERVAL, language="de").split("]")[0][1:].split(", ")
            assert float(low) < percent < float(high)

    def test_rows_count_the_questions_that_all_methods_were_asked(self) -> None:
        """One method edits no French fact without a subject; the others' answers about it are left out."""
        asked = {(lang, lang, "direct", scorer): [1, 1, 0, 0] for lang in LANGS for scorer in SCORERS}
        fewer = asked | {("fr", "fr", "direct", scorer): [1, 1] for scorer in SCORERS}
        before: Scores = {(None, "fr", "direct", "paper"): [1, 0, 0, 0]}
        (table,) = table1([run(asked | before), run(fewer | before, method="stableke", folder="b")])
        assert {(row[2], row[3]) for row in table.rows} == {
            ("fr", 2),
            *((lang, 4) for lang in LANGS if lang != "fr"),
        }
        for method in ("memit", "stableke"):
            assert cell(table, "% (paper)", method=method, language="fr") == 100
            assert cell(table, f"{INTERVAL} (contains)", method=method, language="fr") == TWO
            assert cell(table, "% unedited (paper)", method=method, language="fr") == 50
        said = "fr: n are the 2 questions that all runs were asked; left out are 2 that some were not"
        assert [note for note in table.notes if note.startswith(said)] == [
            note for note in table.notes if "n are" in note
        ]

    def test_rows_that_share_nothing_say_so(self) -> None:
        one, other = (
            run({("en", "en", "direct", "paper"): [1, 0]}, folder=name, prefix=name) for name in "ab"
        )
        (table,) = table1([one, other])
        assert [row[3] for row in table.rows] == [2, 2]
        assert "en: no question was asked of all runs, so n differs" in table.notes
        elsewhere = run({("en", "en", "direct", "paper"): [1]}, folder="c", data_sha256="f" * 64)
        (table,) = table1([one, elsewhere])
        assert [row[3] for row in table.rows] == [2, 1]
        assert any("not all asked about one data set" in note for note in table.notes)

    def test_another_model_has_the_papers_numbers_but_no_difference(self) -> None:
        direct, multihop = table1([same_language(method="stableke")])
        assert cell(direct, "paper: Vicuna-7B-v1.5", language="en") == 88.43
        assert cell(direct, "paper: Qwen1.5-7B-Chat", language="zh") == 67.44
        assert cell(multihop, "paper: Vicuna-7B-v1.5", language="fr") == 5.99
        assert {row[direct.columns.index("difference")] for row in direct.rows} == {None}

    def test_the_same_model_has_a_difference(self) -> None:
        direct, multihop = table1([same_language(model=VICUNA), same_language(model=QWEN)])
        assert cell(direct, "difference", model=VICUNA, language="en") == pytest.approx(75 - 60.73)
        assert cell(direct, "difference", model=QWEN, language="de") == pytest.approx(75 - 59.51)
        assert cell(multihop, "difference", model=VICUNA, language="zh") == pytest.approx(25 - 3.30)

    @pytest.mark.parametrize(
        ("source", "name", "difference"),
        [
            ("templates", "stableke, templates", None),
            ("self", "stableke, own texts", None),
            ("server", "stableke", pytest.approx(75 - 88.43)),
            ("local", "stableke", pytest.approx(75 - 88.43)),
        ],
    )
    def test_texts_that_are_not_the_papers_have_no_difference(
        self, source: str, name: str, difference: object
    ) -> None:
        made = same_language(model=VICUNA, method="stableke", key=None)
        made.spec["editor"]["source"] = source
        (direct, _), (transferred, _) = table1([made]), table9([made])
        for table, where in (
            (direct, {"language": "en"}),
            (transferred, {"edited_in": "en", "scorer": "paper"}),
        ):
            column = next(one for one in table.columns if one.startswith("paper: Vicuna-7B-v1.5"))
            assert cell(table, column, method=name, **where) == 88.43
            assert cell(table, "difference", method=name, **where) == difference

    def test_what_was_trained_stands_beside_the_same_without_training(self) -> None:
        made = same_language(method="mend", key=None)
        points = {"trained": {"success": 0.54, "kept": 0.885}, "untrained": {"success": 0.32, "kept": 0.394}}
        made.spec["editor"]["trained"] = {"validation": points, "settings": {"batch_size": 10}}
        (note,) = [note for note in table1([made])[0].notes if "validation" in note]
        assert (
            "trained 54 % new answers, 88 % kept; untrained 32 % new answers, 39 % kept, 10 together" in note
        )
        nothing: tuple[Any, ...] = ({"validation": {}}, {}, "a file of an earlier version")
        for none in nothing:
            made.spec["editor"]["trained"] = none
            assert not [note for note in table1([made])[0].notes if "validation" in note]

    def test_a_method_or_language_that_the_paper_does_not_print(self) -> None:
        direct, _ = table1([same_language(model=VICUNA, method="alphaedit")])
        assert cell(direct, "paper: Vicuna-7B-v1.5", language="en") is None
        assert cell(direct, "difference", language="en") is None
        direct, _ = table1([same_language(model=VICUNA, key="prompt")])
        assert cell(direct, "difference", language="en", method="memit, no subject") is None

    def test_runs_that_would_be_told_alike_carry_their_folder(self) -> None:
        runs = [
            same_language(folder="a", edit_langs=("en", "de")),
            same_language(folder="b", edit_langs=("en",)),
            same_language(folder="c", edit_langs=("zh",)),
            same_language(folder="d", edit_langs=("en",), method="rome"),
        ]
        direct, _ = table1(runs)
        assert [row[1:3] for row in direct.rows] == [
            ("memit (a)", "en"), ("memit (a)", "de"), ("memit (b)", "en"), ("memit", "zh"), ("rome", "en"),
        ]  # fmt: skip

    def test_the_notes_carry_the_signature(self) -> None:
        (*_, line, scorers) = table1([same_language()])[0].notes
        for part in ("run run-a", "model demo", "revision r1", f"sha256 {SHA[:12]}", "facts 200 (0:200)",
                     "method memit", "batch size 100", "seed 7", "mlake 0.1.0", "dtype float32"):  # fmt: skip
            assert part in line
        assert scorers.startswith("scorers: paper|v2, contains|v3; intervals: 95 % Agresti–Coull")

    def test_what_was_not_asked_is_left_out(self) -> None:
        half = run({("en", "en", "direct", "paper"): [1, 0]}, edit_langs=("en", "de"))
        (only,) = table1([half])
        assert [row[2] for row in only.rows] == ["en"]
        assert cell(only, "% unedited (paper)", language="en") is None
        assert table1([]) == ()

    def test_hostile_names_are_escaped(self) -> None:
        (table, _) = table1([same_language(model="<img src=x>|a", folder="=1+1")])
        assert "<img" not in table.markdown()
        assert "\\|a" in table.markdown()


def keyed(key, values, **settings):
    scores = {(lang, lang, "direct", "paper"): values for lang in ("en", "ja")}
    return run(scores, key=key, edit_langs=("en", "ja"), folder=f"run-{key}", **settings)


class TestTable2:
    def test_with_and_without_beside_the_paper(self) -> None:
        runs = [keyed("subject", [1, 1, 1, 0], model=VICUNA, method="rome"),
                keyed("prompt", [1, 0, 0, 0], model=VICUNA, method="rome")]  # fmt: skip
        (table,) = table2(runs)
        english, japanese = table.rows
        assert english[:5] == (VICUNA, "rome", "en", 4, 75.0)
        assert (english[6], english[8]) == (25.0, 50.0)
        assert english[-4:] == (14.93, pytest.approx(75 - 14.93), 6.16, pytest.approx(25 - 6.16))
        assert japanese[-4:] == (None, None, None, None)

    def test_only_questions_that_both_were_asked_count(self) -> None:
        (table,) = table2([keyed("subject", [1, 1, 0, 0]), keyed("prompt", [0, 1])])
        assert table.rows[0][3:9] == (2, 100.0, TWO, 50.0, TWO, 50.0)

    def test_all_pairs_of_a_data_set_are_asked_the_same(self) -> None:
        runs = [
            keyed(key, [1, 0, 1, 0], method=method)
            for key in ("subject", "prompt")
            for method in ("rome", "memit")
        ]
        (table,) = table2([*runs[:3], keyed("prompt", [0, 1, 0], method="memit")])
        assert [row[3] for row in table.rows] == [3] * 4

    def test_where_the_key_is_without_the_subject_is_said(self) -> None:
        for key, where in (("question", "of the question,"), ("prompt", "of the prompt,")):
            (table,) = table2([keyed("subject", [1, 1, 0, 0]), keyed(key, [0, 1])])
            assert table.rows[0][3:9] == (2, 100.0, TWO, 50.0, TWO, 50.0)
            assert [where in note for note in table.notes].count(True) == 1
        (both,) = table2([keyed("subject", [1, 1]), keyed("prompt", [1, 1]), keyed("question", [0, 0])])
        assert both.rows[0][6] == 0.0

    def test_a_language_that_only_one_edits_in_is_left_out(self) -> None:
        scores = {(lang, lang, "direct", "paper"): [1, 0] for lang in LANGS}
        (table,) = table2([run(scores), keyed("prompt", [0, 0])])
        assert [row[2] for row in table.rows] == ["en", "ja"]

    def test_one_side_alone(self) -> None:
        (table,) = table2([keyed("prompt", [1, 0])])
        assert table.rows[0][3:10] == (2, None, None, 50.0, TWO, None, None)

    def test_runs_on_other_models_or_without_a_key_make_no_pair(self) -> None:
        other = [keyed("prompt", [0, 0], model="other"), run({}, method="mend", key=None)]
        (table,) = table2([keyed("subject", [1, 1]), *other])
        assert {row[0] for row in table.rows} == {"demo", "other"}
        assert all(row[8] is None for row in table.rows)
        assert len(table.notes) == 3 + 2 + 1


def unedited(**settings):
    scores: dict[Any, Any] = {}
    for lang in LANGS:
        scores |= {
            (None, lang, "direct", "old_paper"): [1, 1, 0, 0],
            (None, lang, "direct", "old"): [1, 0, 0, 0],
            (None, lang, "direct", "paper"): [0, 0, 0, 0],
            (None, lang, "multihop_before", "paper"): [1, 0, 0, 0],
            (None, lang, "multihop_before", "contains"): [0, 0, 0, 0],
            ("en", lang, "direct", "old_paper"): [0, 0, 0, 0],
        }
    return run(scores, **settings)


class TestTable4:
    def test_free_answers_count_the_old_answer(self) -> None:
        (table,) = table4([unedited(model="mistralai/Mistral-7B-Instruct-v0.2")])
        assert [row[1:5] for row in table.rows] == [
            *(("Direct questions", lang, 4, 50.0) for lang in LANGS),
            *(("Two-hop questions, answers before the edit", lang, 4, 25.0) for lang in LANGS),
        ]
        direct = {"questions": "Direct questions", "language": "ja"}
        assert cell(table, "difference", **direct) == pytest.approx(50 - 26.77)
        assert cell(table, "paper: LLaMa-2-7B-Chat", **direct) == 0.0
        assert cell(table, "% (our rule)", **direct) == 25.0

    def test_runs_on_one_model_are_one_row(self) -> None:
        (table,) = table4([unedited(), unedited(folder="run-b", method="rome")])
        assert [row[3] for row in table.rows] == [4] * 10
        (table,) = table4([unedited(), unedited(folder="run-b", prefix="q")])
        assert [row[3] for row in table.rows] == [8] * 10

    def test_models_of_one_name_are_told_apart(self) -> None:
        first, second = unedited(), unedited(folder="run-b")
        second.spec["model_revision"] = "r2"
        (table,) = table4([first, second])
        assert {row[0] for row in table.rows} == {"demo (run-a)", "demo (run-b)"}

    @pytest.mark.parametrize(
        ("told", "end"),
        [
            ({"template": "Q: {question}\nA:"}, "their first line break, or after 24 tokens"),
            ({"template": "<s>{question}\n"}, "the end token, or after 24 tokens"),
            ({"template": "U {question} A", "stop": "line"}, "their first line break, or after 24 tokens"),
        ],
    )
    def test_it_names_the_form_of_each_model(self, told: dict[str, str], end: str) -> None:
        first, second = unedited(), unedited(folder="run-b")
        first.spec.update(told, max_new_tokens=24)
        second.spec.update(told, max_new_tokens=128)
        (table,) = table4([first, second])
        assert f"demo (run-a) is asked {told['template']!r}; answers end at {end}" in table.notes
        assert {row[0] for row in table.rows} == {"demo (run-a)", "demo (run-b)"}

    def test_multiple_choice(self) -> None:
        direct = {
            (None, "fr", "choice", "choice_likelihood_old"): [1, 1],
            (None, "fr", "choice", "choice_generated_old"): [1, 0],
            (None, "fr", "choice", "choice_likelihood"): [0, 0],
        }
        before = {
            (None, "fr", "choice", "choice_likelihood"): [1, 0],
            (None, "fr", "choice", "choice_generated"): [0, 0],
        }
        runs = [run(direct), run(before, prefix="mlake-before/fr/"), run(before, prefix="mlake-multihop/fr/")]
        (table,) = table4(runs)
        assert table.name == "table4-choice"
        assert table.rows == (
            ("demo", "Direct questions", "fr", 2, 100.0, TWO, 50.0, TWO),
            (
                *("demo", "Two-hop questions, answers before the edit", "fr", 2),
                *(50.0, TWO, 0.0, TWO),
            ),
        )


def transfer(**settings):
    """A fact in four is right in another language, three in its own; by `contains` none."""
    scores: dict[Any, Any] = {}
    for test in LANGS:
        scores[None, test, "direct", "paper"] = [0, 0, 0, 0]
        for edit in LANGS:
            scores[edit, test, "direct", "paper"] = [1, edit == test, edit == test, 0]
            scores[edit, test, "direct", "contains"] = [0, 0, 0, 0]
    return run(scores, **settings)


class TestTables8And9:
    def test_matrix_and_the_papers_diagonal(self) -> None:
        (table,) = table8([transfer(model=VICUNA)])
        assert table.name == "table8-direct"
        assert [row[2:4] for row in table.rows[:6]] == [("paper", edit) for edit in ("unedited", *LANGS)]
        english = {"scorer": "paper", "edited_in": "en"}
        assert [cell(table, test, **english) for test in LANGS] == [75.0, 25.0, 25.0, 25.0, 25.0]
        assert cell(table, "zh", scorer="paper", edited_in="zh") == 75.0
        assert cell(table, "ja", scorer="contains", edited_in="ja") == 0.0
        assert cell(table, "difference", **english) == pytest.approx(75 - 60.73)
        assert cell(table, "difference", scorer="contains", edited_in="en") is None
        assert cell(table, "difference", scorer="paper", edited_in="unedited") is None
        assert cell(table, f"en {INTERVAL}", scorer="paper", edited_in="unedited") == "[0.0, 73.4] (4, 4)"

    def test_each_table_takes_its_own_method(self) -> None:
        runs = [transfer(), transfer(method="stableke"), transfer(method="stableke-lora", folder="l")]
        (memit,), (stableke,) = table8(runs), table9(runs)
        assert {row[1] for row in memit.rows} == {"memit"}
        assert {row[1] for row in stableke.rows} == {"stableke", "stableke-lora"}
        paper = "paper: Qwen1.5-7B-Chat, asked in the same language"
        where = {"scorer": "paper", "edited_in": "zh"}
        assert cell(stableke, paper, method="stableke", **where) == 67.44
        assert cell(stableke, paper, method="stableke-lora", **where) is None
        assert table9([transfer()]) == ()
