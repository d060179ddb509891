"""PUBLISHED: settings that were published for fine-tuning a model family, each with its source."""

from typing import Any

from mlake.editing.locate.fitting import Suggested, scaled
from mlake.editing.locate.published import EASYEDIT, Published

__all__ = ["CALINET", "LOCFT", "PUBLISHED", "ROME", "Suggested", "suggested"]

ROME = "kmeng01/rome@0874014"
LOCFT = "ICT-STAR/LocFT@51db785"
CALINET = "dqxiu/CaliNet@8c9cfd5"
"""Repositories of the authors, at the commits that were read."""

_EASYEDIT = ("ft-last", "ft-m")  # whose files say the same: EasyEdit tells them apart by one line


def _file(name: str) -> str:
    return f"{EASYEDIT} hparams/{name}.yaml"


def _rome(name: str) -> str:
    return f"{ROME} hparams/FT/{name}.json"


def _row(
    methods: tuple[str, ...], family: str, depth: int, layer: int | None, source: str, **settings: Any
) -> Published:
    return Published(methods, family, depth, () if layer is None else (layer,), source, settings)


PUBLISHED: tuple[Published, ...] = (
    _row(("ft",), "GPT-J", 28, 21, _rome("EleutherAI_gpt-j-6B_unconstr")),
    _row(("ft",), "GPT-2", 48, 1, _rome("gpt2-xl_unconstr")),
    _row(("ft-l",), "GPT-J", 28, 0, _rome("EleutherAI_gpt-j-6B_constr"), box=5e-5),
    _row(("ft-l",), "GPT-2", 48, 0, _rome("gpt2-xl_constr"), box=5e-4),
    _row(("ft-l",), "Mistral", 32, 21, _file("FT/mistral-7b"), box=5e-5, text_batch=1),
    _row(("ft-l",), "qwen", 32, 31, _file("FT/qwen-7b"), box=5e-5, text_batch=1),
    _row(_EASYEDIT, "Llama", 32, 21, _file("FT/llama-7b")),
    _row(_EASYEDIT, "Llama", 28, 21, _file("FT/llama3.2-3b")),
    _row(_EASYEDIT, "Qwen 2", 28, 27, _file("FT/qwen2.5-7b")),
    _row(_EASYEDIT, "GPT-J", 28, 21, _file("FT/gpt-j-6B")),
    _row(("lora",), "Llama", 32, None, _file("LoRA/llama-7b")),
    _row(("lora",), "Qwen 2", 28, None, _file("LoRA/qwen2.5-7b"), epochs=60),
    _row(("lora",), "GPT-2", 48, None, _file("LoRA/gpt2-xl"), epochs=30),
    _row(("calinet",), "T5", 12, 11, f"{CALINET} train_calinet/bash/t5_train_kb_f.sh"),
    _row(("locft-bf",), "Llama", 32, 22, f"{LOCFT} hparams/llama3-8b.yaml"),
    _row(("locft-bf",), "Qwen 2", 28, 6, f"{LOCFT} hparams/qwen2.5-7b.yaml"),
    _row(("locft-bf",), "Mistral", 32, 23, f"{LOCFT} hparams/mistral-7b.yaml", where="block", rate=5e-5),
)
"""The defaults of these families; a method's first row stands for families that have none."""


def suggested(method: str, family: str, depth: int) -> Suggested | None:
    """What was published for a method and a family, blocks scaled to the depth of the model.

    Args:
        method: Name of the method.
        family: The model's family.
        depth: Its blocks.

    Returns:
        The settings and where they are from; None where nothing was published for the method.
    """
    rows = [row for row in PUBLISHED if method in row.methods]
    if not rows:
        return None
    own = [row for row in rows if row.family == family]
    row = min(own or rows[:1], key=lambda row: row.depth != depth)
    found = dict(row.settings) | ({"layers": scaled(row, depth)} if row.layers else {})
    if not own:
        return Suggested(found, f"not published for {family}: chosen by mlake, as {row.source}")
    fits = row.depth == depth or not row.layers
    where = "" if fits else f", layer scaled from {row.depth} blocks to {depth}"
    return Suggested(found, row.source + where)
