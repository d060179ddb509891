import json
from pathlib import Path

import pytest

from mlake.data import read_jsonl, write_jsonl
from mlake.errors import DataError, MlakeError
from mlake.records import Benchmark, Fact, Probe, Statement, Triple


def write(tmp_path: Path, *lines: object, raw: bytes | None = None) -> Path:
    path = tmp_path / "facts.jsonl"
    text = "\n".join(
        line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines
    )
    path.write_bytes(text.encode() if raw is None else raw)
    return path


def rich() -> Benchmark:
    """Five languages, every field filled somewhere."""
    texts = {
        "en": ("Where is the Blue Bridge?", "Blue Bridge"),
        "de": ("Wo steht die Blaue Brücke?", "Blaue Brücke"),
        "fr": ("Où se trouve le Pont bleu ?", "Pont bleu"),
        "ja": ("青い橋はどこにありますか？", "青い橋"),
        "zh": ("蓝桥在哪里？", None),
    }
    statements = {
        code: Statement(
            "f",
            code,
            question,
            subject,
            "Rome",
            "Oslo",
            ("Roma",),
            ("Kristiania",),
            "old",
            "new",
            code != "ja",
        )
        for code, (question, subject) in texts.items()
    }
    probes = []
    for code, (question, _) in texts.items():
        probes.append(Probe(f"f/{code}/direct", "f", "direct", code, question, ("Oslo",), ("Rome", "Roma")))
        chain = (Triple("Q1", "P17", "Q2"), Triple("Q2", "P36", "Q3"))
        probes.append(
            Probe(
                f"f/{code}/c", "f", "choice", code, "…？\u2028", ("B",), (), ("x", "y"), ("country",), chain
            )
        )
    fact = Fact("f", 7, statements, tuple(probes), "Q1", "P17", {"en": "country", "zh": "国家"})
    lost = Probe("lost", None, "multihop_before", "fr", "Qui ?", ("moi",))
    return Benchmark("rich", "1", "0", (fact,), (lost,))


def test_round_trip(tmp_path):
    before = rich()
    write_jsonl(before, tmp_path / "a.jsonl")
    after = read_jsonl(tmp_path / "a.jsonl")
    assert after.facts == before.facts
    assert after.unlinked == before.unlinked
    write_jsonl(after, tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_least_line(tmp_path):
    path = write(
        tmp_path,
        "",
        {"question": "Who leads Qux?", "new_answer": "Ann"},
        {"question": "b?", "new_answer": "c"},
    )
    benchmark = read_jsonl(path)
    first, second = benchmark.facts
    assert (first.id, first.row, second.id, second.row) == ("line-2", 0, "line-3", 1)
    said = first.stated("en")
    assert (said.old, said.subject, said.subject_sure) == ("", None, True)
    assert first.probes == (Probe("line-2/en/direct", "line-2", "direct", "en", "Who leads Qux?", ("Ann",)),)
    assert (benchmark.name, benchmark.revision) == ("facts", "facts.jsonl")


def test_lines_of_one_fact_need_not_be_neighbours(tmp_path):
    line = {"fact": "a", "question": "q?", "new_answer": "x", "old_answer": "y"}
    path = write(tmp_path, line, {**line, "fact": "b"}, {**line, "lang": "zh"})
    facts = read_jsonl(path).facts
    assert [(fact.id, fact.row, tuple(fact.statements)) for fact in facts] == [
        ("a", 0, ("en", "zh")),
        ("b", 1, ("en",)),
    ]
    assert [probe.id for probe in facts[0].probes] == ["a/en/direct", "a/zh/direct"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_marks_and_line_ends_do_not_matter(tmp_path, mark, end):
    line = '{"question": "谁？", "new_answer": "安"}'.encode()
    benchmark = read_jsonl(write(tmp_path, raw=mark + end + line + end + end))
    assert benchmark.facts[0].stated("en").question == "谁？"
    assert benchmark.facts[0].id == "line-2"


def test_the_hash_follows_the_content(tmp_path):
    one = read_jsonl(write(tmp_path, {"question": "a?", "new_answer": "b"})).sha256
    assert one == read_jsonl(write(tmp_path, {"question": "a?", "new_answer": "b"})).sha256
    assert one != read_jsonl(write(tmp_path, {"question": "a?", "new_answer": "c"})).sha256


LEAST = {"question": "Wer ist Ann?", "new_answer": "x"}
ASKED = {"kind": "direct", "text": "t", "accept": ["a"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": None}, "line 1 field 'question': must be a string, got null"),
        ({"question": " "}, "field 'question': is empty"),
        ({"new_answer": 4}, "field 'new_answer': must be a string, got a whole number"),
        ({"lang": "it"}, "field 'lang': unknown language 'it', known: en, de, fr, ja, zh"),
        ({"row": True}, "field 'row': must be a whole number, got true or false"),
        ({"row": -1}, "field 'row': must not be negative"),
        ({"subject": "Bob"}, "field 'subject': 'Bob' does not occur in the question"),
        ({"subject": ""}, "field 'subject': is empty"),
        ({"subject_sure": "yes"}, "field 'subject_sure': must be true or false, got a string"),
        ({"old_aliases": "x"}, "field 'old_aliases': must be a list"),
        ({"old_aliases": [1]}, "field 'old_aliases': must hold strings only"),
        ({"anwser": "x"}, "field 'anwser': is not known"),
        ({"new_answr": "x"}, "did you mean 'new_answer'"),
        ({"probes": {}}, "field 'probes': must be a list, got an object"),
        ({"probes": [3]}, r"field 'probes\[0\]': must be an object"),
        ({"probes": [{**ASKED, "kind": "indirect"}]}, r"'probes\[0\].kind': unknown kind 'indirect'"),
        ({"probes": [{**ASKED, "lang": "xx"}]}, r"'probes\[0\].lang': unknown language"),
        ({"probes": [{**ASKED, "accept": []}]}, r"'probes\[0\].accept': is empty"),
        ({"probes": [{**ASKED, "triples": [["Q1"]]}]}, r"'probes\[0\].triples\[0\]': must be \[subject"),
        ({"probes": [{"kind": "direct"}]}, r"'probes\[0\].text': is missing"),
        ({"probes": [{**ASKED, "id": "p"}, {**ASKED, "id": "p"}]}, "probe id 'p' occurs twice"),
    ],
)
def test_problems_name_line_and_field(tmp_path, change, message):
    with pytest.raises(DataError, match=message) as caught:
        read_jsonl(write(tmp_path, {**LEAST, **change}))
    assert str(caught.value).startswith(f"{tmp_path / 'facts.jsonl'}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"question": "a'], "line 1 is no JSON"),
        (["[1]"], "line 1 must be a JSON object, got a list"),
        (['{"question": "\\ud800", "new_answer": "x"}'], "line 1 holds half a character"),
        (["[" * 50_000], "line 1 is no JSON"),
        ([""], "holds no facts"),
        (
            [{**LEAST, "fact": "a"}, {**LEAST, "fact": "a"}],
            "line 2 field 'lang': fact 'a' has a second line in 'en'",
        ),
        (
            [
                {**LEAST, "fact": "a", "subject_id": "Q1"},
                {**LEAST, "fact": "a", "lang": "de", "subject_id": "Q2"},
            ],
            "line 2 field 'subject_id': differs",
        ),
        ([{"unlinked": [{**ASKED}]}], r"'unlinked\[0\].id': is missing"),
    ],
)
def test_bad_lines(tmp_path, lines, message):
    with pytest.raises(DataError, match=message):
        read_jsonl(write(tmp_path, *lines))


def test_bad_utf8_names_the_line(tmp_path):
    with pytest.raises(DataError, match="line 2 is not UTF-8"):
        read_jsonl(write(tmp_path, raw=b'{"question": "a", "new_answer": "b"}\n{"question": "\xff"}'))


def test_all_problems_are_counted_and_twenty_shown(tmp_path):
    with pytest.raises(DataError) as caught:
        read_jsonl(write(tmp_path, *[{"question": "a?"}] * 25))
    text = str(caught.value)
    assert text.count("'new_answer': is missing") == 20
    assert text.endswith("; and 5 more")


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*: No such file"):
        read_jsonl(tmp_path / "no.jsonl")


def test_truncation_never_raises_anything_but_our_errors(tmp_path):
    write_jsonl(rich(), tmp_path / "whole.jsonl")
    whole = (tmp_path / "whole.jsonl").read_bytes()
    for cut in range(0, len(whole), 11):
        try:
            read_jsonl(write(tmp_path, raw=whole[:cut]))
        except MlakeError as error:
            assert "\n" not in str(error)


def test_unwritable_place(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        write_jsonl(rich(), tmp_path / "file" / "x.jsonl")
