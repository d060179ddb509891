"""Reads Bi-ZsRE: zsRE's test questions with one about what follows from the edit, in English and Chinese.

``alt`` is taught; the files give no old answer.
"""

from mlake.data.neighbours.aligned import Layout, dataset
from mlake.data.neighbours.common import Row

__all__ = ["ROWS", "portability"]

# The authors publish the file on a drive without fixed addresses; this is the copy of the authors of X-KDE.
_COMMIT = "d2ff78a666ba0c03bd1f95b2e21cbe67b482dc87"


def portability(row: Row) -> tuple[str, str]:
    """The question about what follows from the edit, and its answer."""
    further = row.item("portability")
    return further.blank("New Question"), further.blank("New Answer")


ROWS = (
    dataset(
        "bizsre",
        Layout({"zh": f"{_COMMIT}/eval/data/bizsre_test.json"}, portability),
        facts=1037,
        source="https://github.com/krystalan/Bi-ZsRE, as copied in https://github.com/YukinoshitaKaren/X_KDE",
        licence="none stated: read where it lies, not to be passed on",
        url="https://raw.githubusercontent.com/YukinoshitaKaren/X_KDE/{path}",
    ),
)
