"""What a dry run says, against numbers counted by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlake.evaluation import cost
from mlake.evaluation.cost import dry_run, too_large
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import run
from mlake.evaluation.store import Store

from .worker import Fakes, benchmark, make_spec


def test_dry_run_counts_and_writes_nothing(tmp_path: Path, tiny_lm: Callable[..., Any]) -> None:
    spec = make_spec()
    plan = make_plan(spec, benchmark())
    text = dry_run(plan, Store(tmp_path / "run", spec), tiny_lm())
    said = {line.split()[0]: line.split(maxsplit=1)[1] for line in text.splitlines()}
    assert said["facts"] == "6 in 3 batches of up to 2"
    assert said["edits"] == "6, of which 6 are to be computed"
    assert said["units"] == "27 to be asked, 0 stored already"
    # 6 × 3 direct and 6 × 3 two-hop, less three German ones that f2 and f4 lack, and f6 from outside in 3.
    assert said["questions"].startswith("36 unedited and ")
    assert "minutes at the" in said["cost"] and "an estimate" in said["cost"]
    assert "more (an estimate)" in said["memory"]
    assert not (tmp_path / "run").exists()


def test_a_model_that_cannot_be_edited_here_is_said(
    tiny_lm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec()
    plan, lm = make_plan(spec, benchmark()), tiny_lm()
    assert too_large(plan, lm, spec) is None
    monkeypatch.setattr(cost, "_available", lambda device: 1000.0)
    said = too_large(plan, lm, spec)
    assert said and "only 0.0 GiB is free on cpu: it may not fit; use --dtype bf16" in said
    monkeypatch.setattr(cost, "_available", lambda device: None)
    assert too_large(plan, lm, spec) is None


def test_dry_run_of_a_finished_run(tmp_path: Path, tiny_lm: Callable[..., Any]) -> None:
    spec = make_spec()
    plan = make_plan(spec, benchmark())
    with Store.open(tmp_path / "run", spec) as store:
        run(plan, store, Fakes().engine())
        text = dry_run(plan, store, tiny_lm())
    assert "6, of which 0 are to be computed" in text
    assert "0 to be asked, 27 stored already" in text
    assert "about 0 floating-point operations: 0.0 minutes" in text
