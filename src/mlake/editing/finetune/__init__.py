"""Fine-tuning as an editing method: StableKE and its low-rank variant."""

from mlake.editing.finetune.stableke import StableKE

__all__ = ["StableKE"]
