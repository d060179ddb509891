import json
from pathlib import Path

import pytest

from mlake.data import read_jsonl, write_jsonl
from mlake.errors import DataError, FactsError, MlakeError
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
                f"f/{code}/c", "f", "choice", code, "…\u2028？", ("B",), (), ("x", "y"), ("country",), chain
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
        ({"lang": "jp"}, "field 'lang': unknown language 'jp', known: en, de, fr, ja, zh"),
        ({"row": True}, "field 'row': must be a whole number, got true or false"),
        ({"row": -1}, "field 'row': must not be negative"),
        ({"subject": "Bob"}, "field 'subject': 'Bob' does not occur in the question"),
        ({"subject": ""}, "field 'subject': is empty"),
        ({"subject_sure": "yes"}, "field 'subject_sure': must be true or false, got a string"),
        ({"old_aliases": "x"}, "field 'old_aliases': must be a list"),
        ({"old_aliases": [1]}, r"field 'old_aliases\[0\]': must be a string, got a whole number"),
        ({"new_aliases": ["x", " "]}, r"field 'new_aliases\[1\]': is empty"),
        ({"subject": " "}, "field 'subject': is empty"),
        ({"anwser": "x"}, "field 'anwser': is not known"),
        ({"new_answr": "x"}, "did you mean 'new_answer'"),
        ({"probes": {}}, "field 'probes': must be a list, got an object"),
        ({"probes": [3]}, r"field 'probes\[0\]': must be an object"),
        ({"probes": [{**ASKED, "kind": "indirect"}]}, r"'probes\[0\].kind': unknown kind 'indirect'"),
        ({"probes": [{**ASKED, "lang": "xx"}]}, r"'probes\[0\].lang': unknown language"),
        ({"probes": [{**ASKED, "accept": []}]}, r"'probes\[0\].accept': is empty"),
        ({"probes": [{**ASKED, "triples": [["Q1"]]}]}, r"'probes\[0\].triples\[0\]': must be \[subject"),
        ({"probes": [{**ASKED, "accept": [""]}]}, r"'probes\[0\].accept\[0\]': is empty"),
        ({"probes": [{"kind": "direct"}]}, r"'probes\[0\].text': is missing"),
        (
            {"probes": [{**ASKED, "id": "p"}, {**ASKED, "id": "p"}]},
            r"line 1 field 'probes\[1\].id': probe id 'p' occurs twice; first: line 1",
        ),
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
        (["[1]"], "item 1 must be a JSON object, got a whole number"),
        (['{"question": "\\ud800", "new_answer": "x"}'], "line 1 holds half a character"),
        (["[" * 50_000], "begins as one JSON value and is none"),
        ([""], "holds no facts"),
        (
            [{**LEAST, "fact": "a"}, {**LEAST, "fact": "a"}],
            "line 2 field 'fact': 'a' is stated twice in 'en'; first: line 1",
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


def test_twenty_problems_are_shown_and_all_are_kept(tmp_path):
    path = write(tmp_path, *[{"question": "a?"}] * 25)
    with pytest.raises(FactsError) as caught:
        read_jsonl(path)
    text = str(caught.value)
    assert text.count("'new_answer': is missing") == 20
    assert text.endswith(f"; and 5 more; `mlake data check {path} --json` lists all")
    assert caught.value.problems == tuple(f"line {n} field 'new_answer': is missing" for n in range(1, 26))


def test_every_problem_of_a_line_is_told_at_once(tmp_path):
    asked = {"kind": "x", "accept": []}
    line = {"question": "Wo?", "subject": "Ann", "lang": "jp", "rwo": 1, "probes": [asked]}
    with pytest.raises(FactsError) as caught:
        read_jsonl(write(tmp_path, line))
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "line 1 field 'new_answer'",
        "line 1 field 'lang'",
        "line 1 field 'rwo'",
        "line 1 field 'probes[0].text'",
        "line 1 field 'probes[0].kind'",
        "line 1 field 'probes[0].accept'",
        "line 1 field 'subject'",
    ]


def test_a_line_of_a_megabyte_loads_and_is_not_repeated_in_a_message(tmp_path):
    line = {**LEAST, "old_sentence": "x" * 2**20}
    assert len(read_jsonl(write(tmp_path, line)).facts[0].stated("en").old_sentence) == 2**20
    with pytest.raises(FactsError) as caught:
        read_jsonl(write(tmp_path, {**line, "subject": "\x1b[2J" + "y" * 2**20, "z" * 2**20: 1}))
    assert len(str(caught.value)) < 1000
    assert "'\\x1b[2Jyyy" in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "holds no facts"),
        ('{"question": "谁？"}'.encode("utf-16"), "is UTF-16, not UTF-8; save it as UTF-8"),
        ('{"question": "a"}'.encode("utf-16-le"), "line 1 holds a NUL byte"),
        (b'{"question": "a?", "new_answer": "b"}\n\0\n', "line 2 holds a NUL byte"),
        ('\n{"question": "東京はどこ？"}'.encode("cp932"), "line 2 is not UTF-8, it looks like Shift-JIS"),
        ("\n\nWo läuft’s?".encode("cp1252"), "line 3 is not UTF-8; save it as UTF-8"),
    ],
)
def test_other_encodings_are_told(tmp_path, raw, message):
    with pytest.raises(DataError, match=message) as caught:
        read_jsonl(write(tmp_path, raw=raw))
    assert "\n" not in str(caught.value)


def test_a_link_to_nothing_says_so(tmp_path):
    (tmp_path / "facts.jsonl").symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match=r"cannot read .*: it is a link to .*gone, which is not there"):
        read_jsonl(tmp_path / "facts.jsonl")


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


@pytest.mark.parametrize(
    "subject", ["Jose\u0301 O'Hara", "José\u00a0O'Hara", "José O\u2019Hara", "Ｊosé O'Hara"]
)
def test_a_subject_that_only_looks_the_same(tmp_path, subject):
    line = {**LEAST, "question": "Who is José O'Hara?", "subject": subject}
    with pytest.raises(
        DataError, match=r"does not occur in the question; only case, blanks, .* Unicode forms differ"
    ):
        read_jsonl(write(tmp_path, line))


def test_a_key_that_stands_twice(tmp_path):
    raw = '{"question": "Who?", "new_answer": "A", "new_answer": "B"}'
    with pytest.raises(DataError, match=r"line 1 is no JSON .*key 'new_answer' stands twice"):
        read_jsonl(write(tmp_path, raw=raw.encode()))
