"""An edit in forms that other software reads: a merged checkpoint, a PEFT adapter."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor
from transformers import GenerationConfig

from mlake.disk import encoded, write_atomic
from mlake.editing.edits.edit import Edit
from mlake.editing.factors import Factors
from mlake.errors import EditError
from mlake.models.lm import LM

__all__ = ["forget_forms", "save_adapter", "save_merged"]

_CHECKPOINT = (
    "model*.safetensors*", "config.json", "generation_config.json", "chat_template.jinja",
    "additional_chat_templates/*.jinja", "tokenizer*", "special_tokens_map.json", "added_tokens.json",
    "vocab.*", "merges.txt",
)  # fmt: skip
"""What ``save_merged`` may write; what is left of another model would be loaded with the new one."""

_ADAPTER = ("adapter_config.json", "adapter_model.safetensors")


def forget_forms(folder: str | Path, *, merged: bool, adapter: bool) -> None:
    """Remove forms of an earlier edit, but no file that mlake does not write.

    Args:
        folder: The folder that holds ``model`` and ``adapter``.
        merged: Whether to remove the checkpoint.
        adapter: Whether to remove the adapter.

    Raises:
        EditError: A file cannot be removed.
    """
    for name, files, wanted in (("model", _CHECKPOINT, merged), ("adapter", _ADAPTER, adapter)):
        place = Path(folder) / name
        try:
            if wanted and place.is_dir():
                _remove(place, files)
                if not any(place.iterdir()):
                    place.rmdir()
        except OSError as error:
            raise EditError(f"cannot remove the earlier {place}: {error.strerror}; do it by hand") from error


def _remove(folder: Path, files: Sequence[str]) -> None:
    for pattern in files:
        for old in folder.glob(pattern):
            if old.is_file():
                old.unlink()


def save_merged(lm: LM, folder: str | Path) -> None:
    """Write the model as it is now, edited or not, so that ``from_pretrained`` loads it.

    A checkpoint that was in the folder before is replaced once the new one is complete.

    Args:
        lm: The model, inside ``Edit.applied`` of an edit that is ``mergeable``.
        folder: Where the checkpoint goes.

    Raises:
        EditError: The checkpoint cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".part-") as part:
            _save_model(lm.model, Path(part))
            lm.tokenizer.save_pretrained(part)
            _remove(folder, _CHECKPOINT)
            for file in Path(part).rglob("*"):
                if file.is_file():
                    place = folder / file.relative_to(part)
                    place.parent.mkdir(exist_ok=True)
                    file.replace(place)
    except (OSError, SafetensorError, ValueError) as error:
        raise _unwritten("checkpoint", folder, error) from error


def _save_model(model: Any, folder: Path) -> None:
    """Write weights and settings; published generation settings go back as they are.

    Some releases of transformers refuse to write those that contradict themselves, as Vicuna's do.
    """
    own = model.generation_config
    model.generation_config = GenerationConfig()
    try:
        model.save_pretrained(folder)
    finally:
        model.generation_config = own
    (folder / "generation_config.json").write_text(own.to_json_string(), encoding="utf-8")


def save_adapter(edit: Edit, lm: LM, folder: str | Path) -> None:
    """Write an edit as a LoRA adapter of the down-projections: ``B = left``, ``A = right.T``.

    Args:
        edit: The edit.
        lm: The model it was made for.
        folder: Where ``adapter_config.json`` and ``adapter_model.safetensors`` go.

    Raises:
        EditError: The edit changes nothing or something else, or the adapter cannot be written.
    """
    folder = Path(folder)
    deltas = edit.deltas()
    if deltas is None:
        raise EditError(
            "an adapter holds low-rank changes of down-projections, and the edit is something else"
        )
    if not deltas:
        raise EditError("the edit changes no layer, and an adapter needs one; edit at least one fact")
    tensors: dict[str, Tensor] = {}
    for layer, factors in deltas.items():
        name = f"base_model.model.{_down(lm, layer)}"
        tensors[f"{name}.lora_A.weight"] = factors.right.T.contiguous()
        tensors[f"{name}.lora_B.weight"] = factors.left.contiguous()
    config = json.dumps(_adapter_config(deltas, lm), ensure_ascii=False, indent=1) + "\n"
    try:
        write_atomic(folder / "adapter_model.safetensors", save(tensors, {"format": "pt"}))
        write_atomic(folder / "adapter_config.json", encoded(config))
    except OSError as error:
        raise _unwritten("adapter", folder, error) from error


def _adapter_config(deltas: Mapping[int, Factors], lm: LM) -> dict[str, Any]:
    """What PEFT reads: a rank per layer, and an alpha equal to it, so that nothing is scaled."""
    ranks = {_down(lm, layer): factors.left.shape[1] for layer, factors in deltas.items()}
    patterns = {re.escape(name): rank for name, rank in ranks.items()}
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": lm.model.name_or_path or lm.name,
        "r": max(ranks.values()),
        "lora_alpha": max(ranks.values()),
        "rank_pattern": patterns,
        "alpha_pattern": patterns,
        "target_modules": sorted(ranks),
        "fan_in_fan_out": lm.arch.transposed,
        "inference_mode": True,
        "bias": "none",
    }


def _down(lm: LM, layer: int) -> str:
    return f"{lm.arch.layers}.{layer}.{lm.arch.down}"


def _unwritten(what: str, folder: Path, error: Exception) -> EditError:
    why = getattr(error, "strerror", None) or " ".join(str(error).split())
    return EditError(f"cannot write the {what} to {folder}: {why}; give another folder")
