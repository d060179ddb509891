"""Load a model by name, whatever the name means, and check that mlake can work with it."""

from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import torch
from huggingface_hub import constants, try_to_load_from_cache
from huggingface_hub.errors import HFValidationError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from mlake.chat_server import chat_server
from mlake.errors import ModelError, UnknownNameError
from mlake.models.gguf import LOADER_ERRORS, converted_demo, converted_gguf, file_sha256, first_line
from mlake.models.lm import LM, UNPINNED
from mlake.models.prompts import PromptStyle
from mlake.models.served import served
from mlake.templates import template_named

__all__ = ["DTYPES", "load"]

DTYPES: dict[str, torch.dtype] = {
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "fp32": torch.float32,
    "fp64": torch.float64,
}
_SPELT = {
    "bfloat16": "bf16",
    "double": "fp64",
    "float": "fp32",
    "float16": "fp16",
    "float32": "fp32",
    "float64": "fp64",
    "half": "fp16",
}
"""How torch spells them."""
_PATIENCE = 10.0  # seconds
_PARTS = (".bin", ".jinja", ".json", ".model", ".py", ".safetensors", ".txt")


def load(
    model: Any,
    tokenizer: Any = None,
    *,
    dtype: str = "auto",
    device: str = "auto",
    revision: str | None = None,
    template: str | None = None,
    stop: str | None = None,
    trust_remote_code: bool = False,
) -> LM:
    """Load a causal language model, frozen and in eval mode.

    Args:
        model: A hub id, a folder, a ``.gguf`` file (converted once, see ``mlake.models.gguf``), or
            ``demo``, the packaged Gemma-3-270M of ``mlake[demo]``; or ``openai:URL#NAME``, a model on an
            OpenAI-compatible server, which can only be asked (``mlake.models.served``). Or a model of
            ``transformers`` that is in memory: it is taken as it is, as by ``LM.of``, which also names and
            pins it.
        tokenizer: The tokenizer of a model in memory.
        dtype: ``bf16``, ``fp16``, ``fp32`` or ``fp64``; ``auto`` is bf16 on a GPU and fp32 on a CPU.
        device: A torch device; ``auto`` is the GPU if there is one, and all of them if there are several.
        revision: Branch, tag or commit of a hub model.
        template: Prompt template with one ``{question}``, instead of the model's own: its chat template, the
            conversation that models of its name were tuned on (Vicuna), or ``Q: …`` and ``A:`` on two lines.
        stop: Where answers end: ``line``, at their first line break, or ``end``, only at the model's own end
            tokens; None for ``end`` in the model's own conversation and ``line`` elsewhere.
        trust_remote_code: Run code that comes with the model.

    Raises:
        ModelError: The model is not there, is damaged, is not a causal language model that mlake
            understands, has no fast tokenizer, or does not fit into memory.
        UnknownNameError: ``dtype`` or ``stop`` is none of the names.

    Examples:
        >>> lm = mlake.load_model("demo", dtype="fp32", device="cpu")
        >>> len(lm.layers) > 1
        True
    """
    if not isinstance(model, str | Path):
        if (dtype, device) != ("auto", "auto"):
            raise ModelError("a model in memory keeps its dtype and device; leave both out")
        pin = revision or UNPINNED
        return LM.of(model, tokenizer, revision=pin, template=template, stop=stop)
    if tokenizer is not None:
        raise ModelError(f"{str(model)!r} brings its own tokenizer; leave out the other")
    if template is not None:
        PromptStyle(template, stop_rule=stop)  # is said before the weights are read
    name = str(model)
    server = chat_server(name)
    if server is not None:
        if (dtype, device, revision) != ("auto", "auto", None):
            raise ModelError(f"{name!r} is as its server loads it; leave out dtype, device and revision")
        return served(server, template=template, stop=stop)
    place, device_type = _device(device)
    kind = _dtype(dtype, device_type)
    source, digest = _source(name)
    options: dict[str, Any] = {"trust_remote_code": trust_remote_code}
    if digest is None:
        options["revision"] = revision
        options["local_files_only"] = _offline(source, revision)
    else:
        options["local_files_only"] = True
    try:
        config = AutoConfig.from_pretrained(source, **options)
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        attention = _attention(config)
        loaded, report = AutoModelForCausalLM.from_pretrained(
            source, dtype=kind, device_map=place, output_loading_info=True, **attention, **options
        )
    except torch.OutOfMemoryError as error:
        raise _too_large(name) from error
    except LOADER_ERRORS as error:
        raise ModelError(
            f"cannot load {name!r}: {first_line(error)}; "
            "expected the hub id, folder or .gguf file of a causal language model, or 'demo'"
        ) from error
    absent = sorted(report["missing_keys"]) + sorted(str(key) for key in report["mismatched_keys"])
    if absent:
        raise ModelError(
            f"the weights of {name!r} are incomplete: {len(absent)} are missing or mis-shaped, "
            f"such as {absent[0]}; expected a complete causal language model"
        )
    if any(weight.is_meta for weight in loaded.parameters()):  # kept elsewhere, out of reach of edits
        raise _too_large(name)
    pin = _commit(source, revision) if digest is None else f"sha256:{digest}"
    if template is None and not getattr(tokenizer, "chat_template", None):
        template = template_named(name)
        stop = stop or ("end" if template else None)
    return LM.of(loaded, tokenizer, name=name, revision=pin, template=template, stop=stop)


def _too_large(name: str) -> ModelError:
    return ModelError(
        f"{name!r} does not fit into the memory of the accelerator; expected room for all weights; "
        "use --dtype bf16, a smaller model, or --device cpu"
    )


def _source(name: str) -> tuple[str, str | None]:
    """What to hand to transformers, and the hash of local weights (None for a hub id)."""
    if name == "demo":
        folder, digest = converted_demo()
        return str(folder), digest
    path = Path(name).expanduser()
    if path.suffix.lower() == ".gguf":
        folder, digest = converted_gguf(path)
        return str(folder), digest
    if path.is_dir():
        return str(path), _folder_sha256(path)
    if path.is_absolute() or name[:1] in (".", "~") or name.count("/") > 1:
        raise ModelError(f"no model folder at {name!r}; give an existing folder or a hub id, 'org/name'")
    try:
        try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        raise ModelError(
            f"{name!r} is neither a folder nor the id of a hub model; give an existing folder, a .gguf file, "
            "'demo' or a hub id, 'org/name'"
        ) from None
    return name, None


def _offline(name: str, revision: str | None) -> bool:
    """Whether the hub is out of reach, so that only what was fetched before can be loaded.

    Raises:
        ModelError: It is, and the model was not fetched.
    """
    try:
        if not constants.HF_HUB_OFFLINE:
            with urlopen(Request(constants.ENDPOINT, method="HEAD"), timeout=_PATIENCE):
                return False
    except HTTPError:  # it answers
        return False
    except OSError:
        pass
    if not isinstance(try_to_load_from_cache(name, "config.json", revision=revision), str):
        raise ModelError(
            f"cannot load {name!r}: {constants.ENDPOINT} is out of reach and no such model was fetched "
            "before; give the folder or .gguf file of a model, or 'demo', or go online"
        )
    return True


def _commit(name: str, revision: str | None) -> str:
    """The commit that a branch or tag of a hub model stood for when it was last fetched."""
    found = try_to_load_from_cache(name, "config.json", revision=revision)
    return Path(found).parent.name if isinstance(found, str) else UNPINNED


def _folder_sha256(folder: Path) -> str:
    """Hash over names and contents of the files that make up a model."""
    files = [f for f in sorted(folder.iterdir()) if f.suffix in _PARTS and f.is_file() and f.name[0] != "."]
    if not (folder / "config.json").is_file():
        raise ModelError(f"{str(folder)!r} holds no model: expected a config.json in it")
    digest = sha256()
    for file in files:
        digest.update(f"{file.name}\0{file_sha256(file)}\n".encode())
    return digest.hexdigest()


def _device(device: str) -> tuple[Any, str]:
    """``device_map`` and device type for a device name."""
    if device == "auto":
        if torch.cuda.device_count() > 1:
            return "auto", "cuda"
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        raise ModelError(
            f"device {device!r} cannot be used: {first_line(error)}; expected 'auto', 'cpu' or 'cuda'"
        ) from None
    return {"": chosen}, chosen.type


def _dtype(dtype: str, device_type: str) -> torch.dtype:
    if dtype == "auto":
        return torch.float32 if device_type == "cpu" else torch.bfloat16
    if dtype not in DTYPES:
        meant = _SPELT.get(dtype.removeprefix("torch.").lower())
        raise UnknownNameError("dtype", dtype, ["auto", *DTYPES], meant)
    return DTYPES[dtype]


def _attention(config: Any) -> dict[str, str]:
    """Capped attention scores (Gemma 2) exist only in the eager implementation."""
    capped = getattr(config.get_text_config(), "attn_logit_softcapping", None) is not None
    return {"attn_implementation": "eager"} if capped else {}
