"""Fine-tuning as an editing method: of one place, low-rank, and StableKE."""

from mlake.editing.finetune.method import FineTune

__all__ = ["FineTune"]
