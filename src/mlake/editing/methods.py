"""EDITORS: a method is a row. What depends on the model is filled in when the method meets it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlake.editing.finetune import FineTune
from mlake.editing.gradient import KnowledgeNeurons, UltraEdit
from mlake.editing.locate.method import LocateThenEdit
from mlake.editing.locate.value import ValueSettings
from mlake.editing.memories import Memory, Serac
from mlake.editing.mend import KnowledgeEditor, Mend
from mlake.editing.method import Method, Origin
from mlake.editing.settings import overridden
from mlake.editing.side import BabelReft, Grace, Memoir, TPatcher
from mlake.editing.tuned import tuned_settings
from mlake.errors import UnknownNameError
from mlake.models.lm import LM

__all__ = ["EDITORS", "editor"]

_STABLEKE = "https://arxiv.org/abs/2402.13048"
_ROME = "https://arxiv.org/abs/2202.05262"
_SURVEY = "https://arxiv.org/abs/2401.01286"

_TUNED = FineTune(
    "ft", source="bare", texts=1, epochs=25, rate=5e-4, stop=0.01, text_batch=128, where="down",
    end=False, warm_up=0, clip=0.0, skip=0.01,
)  # fmt: skip
"""What ROME's, EasyEdit's and LocFT's code have in common: Adam on one matrix, at most 25 passes."""

_FINE_TUNING: tuple[Method, ...] = (
    # Meng et al. 2022, without and with a bound on the change of every weight.
    replace(_TUNED, title="FT", paper=_ROME),
    replace(_TUNED, name="ft-l", title="FT-L", paper=_ROME, box=5e-5),
    # Zhang et al. 2024: a fact after the other; in the first row every token is scored at one place.
    replace(
        _TUNED, name="ft-last", title="FT-last", paper=_SURVEY, text_batch=1, order="depth", objective="last"
    ),
    replace(_TUNED, name="ft-m", title="FT-M", paper=_SURVEY, text_batch=1, order="depth"),
    # Hu et al. 2022, with EasyEdit's settings.
    replace(
        _TUNED, name="lora", title="LoRA", paper="https://arxiv.org/abs/2106.09685", where="query_value",
        rank=8, alpha=32.0, epochs=70, rate=5e-3, text_batch=1, stop=0.0, skip=0.0,
    ),
    # LocFT-BF: passes over all facts, the end of an answer included.
    replace(
        _TUNED, name="locft-bf", title="LocFT-BF", paper="https://arxiv.org/abs/2509.22072",
        text_batch=100, end=True,
    ),
    # Dong et al. 2022: neurons beside one MLP, on several wordings of all facts.
    FineTune(
        "calinet", title="CaliNet", paper="https://arxiv.org/abs/2210.03329", source="wordings",
        texts=4, where="side", rank=64, rate=1e-3, epochs=40, stop=0.05,
    ),
)  # fmt: skip

_ROWS: tuple[Method, ...] = (
    # Meng et al. 2022, with the settings the MLaKE paper used: no second moment.
    LocateThenEdit(
        "rome",
        title="ROME",
        paper="https://arxiv.org/abs/2202.05262",
        metric="identity",
        site="down",
        sequential=True,
        met_at_plain=True,
        corpus_form="bare",  # it reads no text
    ),
    # Gupta et al. 2024 (Rebuilding ROME): mean keys and mean outputs throughout.
    LocateThenEdit(
        "r-rome",
        title="R-ROME",
        paper="https://arxiv.org/abs/2403.07175",
        metric="identity",
        site="down",
        sequential=True,
        residual="mean",
        corpus_form="bare",  # it reads no text
    ),
    # Gupta et al. 2024 (A unified framework for model editing): ROME's objective for a batch.
    LocateThenEdit(
        "emmet",
        title="EMMET",
        paper="https://arxiv.org/abs/2403.14236",
        metric="moment",
        key_mean="halves",
    ),
    # Meng et al. 2023.
    LocateThenEdit(
        "memit",
        title="MEMIT",
        paper="https://arxiv.org/abs/2210.07229",
        metric="moment",
        ridge=15_000.0,
        key_mean="halves",
    ),
    # Fang et al. 2025.
    LocateThenEdit(
        "alphaedit",
        title="AlphaEdit",
        paper="https://arxiv.org/abs/2410.02355",
        metric="null_space",
        null_unit="energy",
        ridge=10.0,
        key_mean="halves",
    ),
    # Sun et al. 2025: AlphaEdit whose free directions leave out the keys of earlier edits in other languages.
    LocateThenEdit(
        "langedit",
        title="LangEdit",
        paper="https://arxiv.org/abs/2506.10800",
        metric="null_space",
        null_unit="energy",
        ridge=10.0,
        key_mean="halves",
        projector="others",
    ),
    # Li et al. 2024: a vector for the attention too, which is found and not written.
    LocateThenEdit(
        "pmet",
        title="PMET",
        paper="https://arxiv.org/abs/2308.08742",
        metric="moment",
        ridge=6_000.0,
        site="attention+down",
        spread="root",
        value=ValueSettings(steps=20, decay=0.5, clamp=1.0, sure=0.01),
    ),
    # Mitchell et al. 2022: a network trained beforehand turns the gradient into the edit.
    Mend(title="MEND", paper="https://arxiv.org/abs/2110.11309"),
    # De Cao et al. 2021: the network reads what the fact says and weighs its gradient by that.
    KnowledgeEditor(title="KE", paper="https://arxiv.org/abs/2104.08164"),
    # Wei et al. 2024: fine-tuning on each fact in other words and in context.
    FineTune("stableke", title="StableKE", paper=_STABLEKE),
    FineTune("stableke-lora", title="StableKE (LoRA)", paper=_STABLEKE, rank=16, rate=3e-4),
    *_FINE_TUNING,
    # Cohen et al. 2024: the fact before the question, whatever is asked.
    Memory("ice", title="ICE", paper="https://arxiv.org/abs/2307.12976", scope="always"),
    # Wang et al. 2024 (Retrieval-augmented multilingual knowledge editing), without its trained classifier.
    Memory("remake", title="ReMaKE", paper="https://arxiv.org/abs/2312.13040"),
    # Zheng et al. 2023, with the same demonstrations for every question of a language.
    Memory("ike", title="IKE", paper="https://arxiv.org/abs/2305.12740", scope="always", demonstrations=8),
    # Mitchell et al. 2022 (Memory-based model editing), the model itself being the counterfactual one.
    Serac("serac", title="SERAC", paper="https://arxiv.org/abs/2206.06520"),
    # Hartvigsen et al. 2023: a codebook beside one block.
    Grace("grace", title="GRACE", paper="https://arxiv.org/abs/2211.11031"),
    # Gu et al. 2025: features of the gradient, normalised over all edits so far, in closed form.
    UltraEdit("ultraedit", title="UltraEdit", paper="https://arxiv.org/abs/2505.14679"),
    # Dai et al. 2022: the columns of a few neurons turned from the old answer to the new one.
    KnowledgeNeurons("kn", title="KN", paper="https://arxiv.org/abs/2104.08696"),
    # BabelEdits, Findings of ACL 2025: subspaces that change where the subject is named.
    BabelReft("babelreft", title="BabelReFT", paper="https://openreview.net/forum?id=hCXLvaaZFv"),
    # Huang et al. 2023: a neuron for each token of a new answer, beside the last MLP.
    TPatcher("t-patcher", title="T-Patcher", paper="https://arxiv.org/abs/2301.09785"),
    # Wang et al. 2025: a matrix beside a down-projection, of which each prompt reads a part of its own.
    Memoir("memoir", title="MEMOIR", paper="https://arxiv.org/abs/2506.07899"),
)
EDITORS: dict[str, Method] = {row.name: row for row in _ROWS}
"""Name to method; another method is one more entry."""


def editor(
    name: str,
    lm: LM | None = None,
    /,
    *,
    like: str = "",
    settings: Mapping[str, Any] | None = None,
    **changed: Any,
) -> Method:
    """An editing method, ready for a model.

    Settings come from the model's family, those found for the model itself, a preset, a mapping and single
    ones; each beats those before it. With a preset nothing that was found for the model counts.

    Args:
        name: A row of ``EDITORS``.
        lm: The model, whose family fills in what is not set; without it only the name and the settings
            are checked.
        like: Preset, such as ``easyedit``: the settings and habits of EasyEdit's code.
        settings: Settings by field name, as a file holds them.
        **changed: The same one by one, of the row or of its inner settings (``ValueSettings``).

    Raises:
        UnknownNameError: No such method, preset or setting.
        EditError: A value of the wrong type, or a number that is too small; or the method has no presets,
            or cannot edit this model.
        DataError: A text that the settings name cannot be had.

    Examples:
        >>> lm = mlake.load_model("demo")
        >>> fact = mlake.load("mini").facts[0].stated("en")
        >>> edit = mlake.editor("memit", lm, steps=2).edit(lm, [fact])
        >>> with edit.applied(lm) as edited:
        ...     answers = mlake.ask(edited, [fact.question])
        >>> edit.save("edit.safetensors")
    """
    if name not in EDITORS:
        raise UnknownNameError("method", name, EDITORS)
    row, given = EDITORS[name], dict(settings or {})
    if lm is not None and not row.only_asks:
        lm.check_editable(name)
    base = row.preset(like, lm) if like else {} if lm is None else row.suggested(lm)
    found = None if like or lm is None else tuned_settings(name, lm.revision)
    tuned = {} if found is None else found.settings
    method = overridden(row, {**base, **tuned, **given, **changed})
    source = found.source if found and not tuned.keys() <= {*given, *changed} else ""
    if like or given or source:
        origin = Origin(like, tuple(sorted(given)), tuple(sorted(changed)), source)
        method = replace(method, origin=origin)
    return method.checked() if lm is None else method.checked().fitted(lm)
