import json

import pytest

from mlake.data import load
from mlake.data.own.csv_file import COLUMNS, read_csv
from mlake.data.own.jsonl import read_jsonl
from mlake.errors import DataError, FactsError
from mlake.records import Probe

HEADER = "subject,old,new,question"
ROW = "Acme,Bob,Ann,Who leads Acme?"


def write(tmp_path, *lines, raw=None, name="facts.csv"):
    path = tmp_path / name
    path.write_bytes("\n".join(lines).encode() if raw is None else raw)
    return path


def refused(path):
    with pytest.raises(DataError) as caught:
        read_csv(path)
    assert "\n" not in str(caught.value) and str(caught.value).startswith((str(path), "cannot read"))
    return str(caught.value)


def test_the_four_columns(tmp_path):
    benchmark = load(write(tmp_path, HEADER, ROW, "", "Qux,,Eve,Who leads Qux?"))
    first, second = benchmark.facts
    said = first.stated("en")
    assert (said.subject, said.old, said.new, said.question) == ("Acme", "Bob", "Ann", "Who leads Acme?")
    direct = Probe("line-2/en/direct", "line-2", "direct", "en", said.question, ("Ann",), ("Bob",))
    assert first.probes == (direct,)
    assert (second.id, second.row, second.stated("en").old) == ("line-4", 1, "")
    assert (benchmark.name, benchmark.revision) == ("facts", "facts.csv")
    (note,) = benchmark.notes
    assert "has no column 'lang', so its facts are taken as English (en)" in note


def test_all_columns_say_what_a_line_of_json_says(tmp_path):
    path = write(
        tmp_path,
        "fact,lang,subject,old_answer,new_answer,question,old_aliases,aliases,paraphrase,"
        "locality,locality_answer",
        "acme,en,Acme,Bob,Ann,Who leads Acme?,B.|Bobby,Anne,Acme's head?,Who leads Qux?,Eve|Eva",
        "acme,de,Acme,Bob,Ann,Wer leitet Acme?,,,,Wer leitet Qux?,Eva",
        "acme,fr,Acmé,Bob,Ann,Qui dirige Acmé ?,,,Le chef d'Acmé ?,,",
        "acme,ja,アクメ,ボブ,アン,アクメの社長は誰ですか？,,アーン,,,",
        "acme,zh,顶点,鲍勃,安,顶点的负责人是谁？,,,,,",
    )
    rest = {"accept": ["Ann"], "reject": ["Bob"]}
    asked = [
        {"kind": "paraphrase", "text": "Acme's head?", "accept": ["Ann", "Anne"]}
        | {"reject": ["Bob", "B.", "Bobby"]},
        {"kind": "locality", "text": "Who leads Qux?", "accept": ["Eve", "Eva"]},
    ]
    lines = [
        ("en", "Acme", "Bob", "Ann", "Who leads Acme?", ["B.", "Bobby"], ["Anne"], asked),
        ("de", "Acme", "Bob", "Ann", "Wer leitet Acme?", [], [],
         [{"kind": "locality", "text": "Wer leitet Qux?", "accept": ["Eva"]}]),
        ("fr", "Acmé", "Bob", "Ann", "Qui dirige Acmé ?", [], [],
         [{"kind": "paraphrase", "text": "Le chef d'Acmé ?", **rest}]),
        ("ja", "アクメ", "ボブ", "アン", "アクメの社長は誰ですか？", [], ["アーン"], []),
        ("zh", "顶点", "鲍勃", "安", "顶点的负责人是谁？", [], [], []),
    ]  # fmt: skip
    names = ("lang", "subject", "old_answer", "new_answer", "question", "old_aliases", "new_aliases")
    same = [{"fact": "acme", **dict(zip((*names, "probes"), line, strict=True))} for line in lines]
    (tmp_path / "same.jsonl").write_text("\n".join(map(json.dumps, same)), encoding="utf-8")
    benchmark = read_csv(path)
    assert benchmark.facts == read_jsonl(tmp_path / "same.jsonl").facts
    assert benchmark.langs == ("en", "de", "fr", "ja", "zh")
    assert benchmark.notes == ()


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", ["facts.csv", "facts.TSV"])
def test_marks_and_line_ends_do_not_matter(tmp_path, mark, end, bom, name):
    rows = ["", "Subject|NEW Answer| question |old-answer||"]
    rows += ['Acme|Ann|"Who, or what; leads\tAcme?"|Bob||', "|||"]
    raw = bom + end.join(row.replace("|", mark) for row in rows).encode()
    (fact,) = load(write(tmp_path, raw=raw, name=name)).facts
    said = fact.stated("en")
    assert (fact.id, said.subject, said.old, said.new) == ("line-3", "Acme", "Bob", "Ann")
    assert said.question == "Who, or what; leads\tAcme?"


def test_the_hash_follows_the_content(tmp_path):
    one = read_csv(write(tmp_path, HEADER, ROW)).sha256
    assert one == read_csv(write(tmp_path, HEADER, ROW)).sha256
    assert one != read_csv(write(tmp_path, HEADER, ROW + "?")).sha256


@pytest.mark.parametrize("header", [names for kinds in COLUMNS.values() for names in kinds])
def test_every_name_of_a_column_is_known(tmp_path, header):
    required = {"new": "Ann", header: "Ann", "question": "Who leads Acme?"}
    if header == "new_answer":
        del required["new"]
    if header.startswith("locality"):
        required |= {"locality": "Who?", "locality_answer": "Eve"}
    if header == "locality_question":
        del required["locality"]
    required |= {"lang": "zh"} if header == "lang" else {"subject": "Acme"}
    assert len(read_csv(write(tmp_path, ",".join(required), ",".join(required.values()))).facts) == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["Zeta,Bob,Ann,Who leads Acme?"], "line 2 column 'subject': 'Zeta' does not occur in the quest"),
        ([ROW, "", "Zeta,,,Who?"], "line 4 column 'new': is empty; line 4 column 'subject': 'Zeta'"),
        (["Acme,Bob,Ann"], "line 2 column 'question': is empty"),
        (["Acme,Bob,Ann,Who, in fact, leads Acme?"], "line 2 has text in cell 5, for which the header"),
        (['Acme,Bob,Ann,"Who', "leads?", ROW], r"line 2 begins no row of CSV \(unexpected end of data\)"),
        ([ROW, 'Acme,Bob,"Ann"a,Who?'], r"line 3 begins no row of CSV \(',' expected after '\"'\)"),
        (['Acme,Bob,Ann,"Who\nleads\nAcme?"', "Zeta,Bob,Ann,Who?"], "line 5 column 'subject': 'Zeta'"),
        ([ROW + "x" * 2**20], r"line 2 begins no row of CSV \(field larger than field limit"),
        (["y" * 70_000 + ",Bob,Ann,Who?"], "line 2 column 'subject': 'yyyy"),
    ],
)
def test_problems_name_line_and_column(tmp_path, rows, message):
    path = write(tmp_path, HEADER, *rows)
    with pytest.raises(FactsError, match=message) as caught:
        read_csv(path)
    assert str(caught.value).startswith(f"{path}: ") and len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("lang", "jp", "line 2 column 'lang': unknown language 'jp', known: en, de, fr, ja, zh"),
        ("Locality Question", "Who?", "line 2 column 'locality_answer': is empty"),
        ("locality_answer", "Eve", "line 2 column 'locality': is empty"),
    ],
)
def test_problems_of_optional_columns(tmp_path, header, row, message):
    assert message in refused(write(tmp_path, f"{HEADER},{header}", f"{ROW},{row}"))


def test_a_fact_that_is_stated_twice(tmp_path):
    path = write(tmp_path, "Fact,new,question", "a,b,c?", "a,b,c?")
    assert "line 3 column 'Fact': 'a' is stated twice in 'en'; first: line 2" in refused(path)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "is empty; expected a header such as subject,old,new,question and a row per fact"),
        (["", " , "], "is empty; expected a header"),
        ([HEADER], "holds a header and no facts"),
        ([HEADER, ",,,"], "holds a header and no facts"),
        ([ROW], "line 1 must name the columns, such as subject,old,new,question; got 'Acme,Bob,Ann,Who"),
        (["subject,old,question", "a,b,c"], "line 1 names no column 'new' or 'new_answer'"),
        (["subject,old,new"], "line 1 names no column 'question'"),
        (["new,question,new_answer"], "line 1 names column 'new' or 'new_answer' twice"),
        (["new,question,paraphase"], "line 1 column 'paraphase': is not known; did you mean 'paraphrase'?"),
        (["new,question,\x1b[2J"], r"line 1 column '\x1b[2J': is not known; known: subject, old"),
        (['"subject,old'], "line 1 begins no row of CSV"),
    ],
)
def test_bad_headers(tmp_path, lines, message):
    assert message in refused(write(tmp_path, *lines))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (f"{HEADER}\n東京,,京都,首都はどこ？\n".encode("cp932"), "2 is not UTF-8, it looks like Shift-JIS"),
        (f"{HEADER}\n东京,,京都,首都是哪里？\n".encode("gb18030"), "line 2 is not UTF-8; save it as UTF-8"),
        (f"{HEADER}\nCafé,,b,Wo läuft?\n".encode("cp1252"), "line 2 is not UTF-8; save it as UTF-8"),
        (f"{HEADER}\n{ROW}\n".encode("utf-16"), "is UTF-16, not UTF-8; save it as UTF-8 (in Ex"),
        (f"{HEADER}\n{ROW}\n".encode("utf-16-le"), "line 1 holds a NUL byte"),
        (f"{HEADER}\n{ROW}\0\n".encode(), "line 2 holds a NUL byte"),
    ],
)
def test_other_encodings_are_told(tmp_path, raw, message):
    assert message in refused(write(tmp_path, raw=raw))


def test_places_that_cannot_be_read(tmp_path):
    assert "No such file" in refused(tmp_path / "gone.csv")
    assert "Is a directory" in refused(tmp_path)
    (tmp_path / "link.csv").symlink_to(tmp_path / "gone.csv")
    assert "it is a link to" in refused(tmp_path / "link.csv")
    assert "null byte" in refused(tmp_path / "a\0b.csv")


def test_twenty_problems_are_shown_and_all_are_kept(tmp_path):
    with pytest.raises(FactsError, match="; and 5 more; `mlake data check ") as caught:
        read_csv(write(tmp_path, HEADER, *["Acme,Bob,,Who leads Acme?"] * 25))
    assert caught.value.problems[24] == "line 26 column 'new': is empty"


def test_a_cut_file_never_raises_anything_but_our_errors(tmp_path):
    whole = f'{HEADER},lang\n{ROW},en\n"アクメ",b,c,"アクメの""社長""は誰？",ja\n'.encode()
    for cut in range(len(whole)):
        try:
            read_csv(write(tmp_path, raw=whole[:cut]))
        except DataError as error:
            assert "\n" not in str(error)
