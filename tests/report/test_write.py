import json

import pytest

from mlake.errors import RunError
from mlake.report.tidy import tidy
from mlake.report.write import write_report


def test_files_and_content(tmp_path, spec, scored) -> None:
    rows = tidy(spec, scored)
    spec |= {"template": "Q: {question}\n| <b> `A`"}
    files = write_report(tmp_path / "new" / "report", spec, rows)
    assert sorted(path.name for path in files) == [
        "heatmap.pdf", "heatmap.png", "report.md", "tidy.csv", "tidy.json"
    ]  # fmt: skip
    assert sorted((tmp_path / "new" / "report").iterdir()) == sorted(files)
    assert json.loads((tmp_path / "new/report/tidy.json").read_text("utf-8")) == rows
    text = (tmp_path / "new/report/report.md").read_text("utf-8")
    assert text.startswith("# What the edits carried over\n\nDirect questions, `contains`: ")
    assert "| de | 50.0 [0.0, 100.0] | 50.0 [0.0, 100.0] |\n" in text
    assert "## Direct questions: `unchanged`\n" in text
    assert "`exact`\n" not in text
    assert "- template: Q: {question} \\| &lt;b&gt; \\`A\\`\n" in text
    assert '- editor: {"layers": [3]}\n' in text


def test_the_same_run_gives_the_same_bytes(tmp_path, spec, scored) -> None:
    rows = tidy(spec, scored)
    first = {path.name: path.read_bytes() for path in write_report(tmp_path / "a", spec, rows)}
    write_report(tmp_path / "b", spec, rows)
    again = {path.name: path.read_bytes() for path in write_report(tmp_path / "b", spec, rows)}
    assert first == again


def test_languages_without_scores_are_named(tmp_path, spec, scored) -> None:
    write_report(tmp_path, spec, tidy(spec, scored))
    assert "have no value in" not in (tmp_path / "report.md").read_text("utf-8")
    write_report(tmp_path, {**spec, "test_langs": ["en", "fi", "bn"]}, tidy(spec, scored))
    text = (tmp_path / "report.md").read_text("utf-8")
    assert text.count("have no value in") == 2 and "names cannot be told in Finnish" in text


def test_without_answers_there_is_no_figure(tmp_path, spec) -> None:
    files = write_report(tmp_path, spec, [])
    assert [path.name for path in files] == ["tidy.json", "tidy.csv", "report.md"]
    assert json.loads((tmp_path / "tidy.json").read_text("utf-8")) == []


def test_a_folder_that_cannot_be_made(tmp_path, spec, scored) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match=r"cannot write .*file/.*; make room or mend the rights"):
        write_report(tmp_path / "file", spec, tidy(spec, scored))
