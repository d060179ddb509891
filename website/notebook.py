"""A notebook as a page: texts, code and what the cells gave when they were last run."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["as_page"]


def as_page(content: bytes, name: str) -> tuple[str, dict[str, bytes]]:
    """Markdown of a notebook, and its images by path beside it.

    Args:
        content: The notebook, as Jupyter writes it.
        name: Its name, without the ending.
    """
    cells = json.loads(content)["cells"]
    images: dict[str, bytes] = {}
    parts = [part for cell in cells for part in _cell(cell, name, images)]
    parts.insert(1, f"[The notebook]({name}.ipynb), to run in Jupyter or Colab.")
    return "\n\n".join(parts) + "\n", images


def _cell(cell: Mapping[str, Any], name: str, images: dict[str, bytes]) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "image/png" in data:
            path = f"{name}/{len(images) + 1}.png"
            images[path] = b64decode(data["image/png"])
            yield f"![What the cell above draws]({path})"
        elif text := "".join(output.get("text", "")):
            yield f"```text\n{text.rstrip()}\n```"
