"""An edit in forms that other software reads: a merged checkpoint, a PEFT adapter."""

import json
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from mlake.editing.edits import WeightEdit
from mlake.errors import EditError
from mlake.models.lm import LM

__all__ = ["save_adapter", "save_merged"]


def save_merged(lm: LM, folder: Path) -> None:
    """Write the model as it is now, edited or not, so that ``from_pretrained`` loads it.

    Args:
        lm: The model, inside ``WeightEdit.applied``.
        folder: Where the checkpoint goes.

    Raises:
        EditError: The checkpoint cannot be written.
    """
    try:
        lm.model.save_pretrained(folder, safe_serialization=True)
        lm.tokenizer.save_pretrained(folder)
    except OSError as error:
        raise EditError(f"cannot write the checkpoint to {folder}: {error}; free some space") from error


def save_adapter(edit: WeightEdit, lm: LM, folder: Path) -> None:
    """Write an edit as a LoRA adapter of the down-projections: ``B = left``, ``A = right.T``.

    Args:
        edit: The edit.
        lm: The model it was made for.
        folder: Where ``adapter_config.json`` and ``adapter_model.safetensors`` go.

    Raises:
        EditError: The adapter cannot be written.
    """
    names = {layer: f"{lm.arch.layers}.{layer}.{lm.arch.down}" for layer in edit.factors}
    ranks = {names[layer]: factors.left.shape[1] for layer, factors in edit.factors.items()}
    tensors: dict[str, Tensor] = {}
    for layer, factors in edit.factors.items():
        name = f"base_model.model.{names[layer]}"
        tensors[f"{name}.lora_A.weight"] = factors.right.T.contiguous()
        tensors[f"{name}.lora_B.weight"] = factors.left.contiguous()
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": lm.name,
        "r": max(ranks.values()),
        "lora_alpha": max(ranks.values()),
        "rank_pattern": ranks,
        "alpha_pattern": ranks,
        "target_modules": sorted(names.values()),
        "fan_in_fan_out": lm.arch.transposed,
        "inference_mode": True,
        "bias": "none",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, folder / "adapter_model.safetensors", {"format": "pt"})
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise EditError(f"cannot write the adapter to {folder}: {error}; free some space") from error
