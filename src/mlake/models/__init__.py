"""Models: loading them, asking them, and knowing where their parts are."""

from mlake.models.architectures import ARCHITECTURES
from mlake.models.lm import LM, Architecture
from mlake.models.load import load
from mlake.models.prompts import PromptStyle

__all__ = ["ARCHITECTURES", "LM", "Architecture", "PromptStyle", "load"]
