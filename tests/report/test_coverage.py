"""What docs/report.md says of the coverage of intervals is what is stored, and that is what is drawn."""

import pytest
from benchmarks.coverage import (
    DOCS,
    DRAWS,
    FIGURE,
    LAYOUTS,
    SEED,
    SHARES,
    Layout,
    bootstrap,
    covered,
    effective,
    stored,
    table,
)

HEAD, *ROWS = stored()


def test_the_docs_show_what_is_stored() -> None:
    assert table(ROWS) in (DOCS / "report.md").read_text(encoding="utf-8")
    assert f"]({FIGURE})" in (DOCS / "report.md").read_text(encoding="utf-8")
    assert 10_000 < (DOCS / FIGURE).stat().st_size < 120_000


def test_every_layout_and_share_is_stored_and_holds() -> None:
    assert (HEAD["draws"], HEAD["seed"]) == (DRAWS, SEED)
    assert [(row["facts"], tuple(row["answers"]), row["alike"], row["share"]) for row in ROWS] == [
        (*layout, share) for layout in LAYOUTS for share in SHARES
    ]
    assert min(row["effective"] for row in ROWS) >= 0.93
    assert min(row["effective_width"] for row in ROWS) > 0
    assert min(row["bootstrap"] for row in ROWS) < 0.05


@pytest.mark.parametrize("place", [0, 1, 5])
def test_the_simulation_gives_the_stored_numbers(place: int) -> None:
    row = ROWS[place * len(SHARES)]
    layout = Layout(row["facts"], tuple(row["answers"]), row["alike"])
    for interval in (bootstrap, effective):
        part, width = covered(layout, row["share"], interval, DRAWS)
        assert part == row[interval.__name__]
        assert width == pytest.approx(row[f"{interval.__name__}_width"])
