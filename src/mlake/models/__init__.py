"""Models: loading them, asking them, and knowing where their parts are."""

from mlake.models.architectures import ARCHITECTURES, Architecture
from mlake.models.generate import ask
from mlake.models.lm import LM
from mlake.models.load import load
from mlake.models.prompts import PromptStyle

__all__ = ["ARCHITECTURES", "LM", "Architecture", "PromptStyle", "ask", "load"]
