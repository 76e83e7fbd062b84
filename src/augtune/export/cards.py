"""README.md of the export, of the model (its card) and of the data (its card): templates filled with what was done and
measured; a figure that was not measured is not told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import yaml

from .. import __version__
from . import task
from .data import FORMATS, INSTRUCTION, Text
from .names import EMBEDDED, base_of

if TYPE_CHECKING:
    from . import Bundle


def readme(
    folder: Path, bundle: Bundle, texts: Sequence[Text], formats: Sequence[str], kind: Mapping[str, Any] | None
) -> None:
    """What is there, and the next commands."""
    asked = bundle.weights.asked if bundle.weights else []
    unasked = bundle.weights.unasked if bundle.weights else 0
    _write(
        folder,
        "readme.md",
        bundle,
        texts,
        kind,
        formats=formats,
        asked=len(asked),
        unasked=unasked,
        arguments=arguments(bundle, kind),
    )


def model_card(folder: Path, bundle: Bundle, texts: Sequence[Text], kind: Mapping[str, Any]) -> None:
    assert bundle.weights is not None
    found = bundle.weights.results
    strategies = found.get("augmentation", {}).get("strategies", {})
    header = {
        "base_model": base_of(bundle.study.model),
        "base_model_relation": "adapter" if kind["kind"] == "adapter" else "finetune",
        "library_name": "peft" if kind["kind"] == "adapter" else "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["augtune", "augmented-fine-tuning"] if bundle.augmentations else ["augtune"],
    }
    _write(
        folder, "model_card.md", bundle, texts, kind, header=_yaml(header), found=found,
        arms=[arm for arm in found["arms"] if arm != bundle.arm], mine=found["arms"][bundle.arm],
        done=bundle.weights.done, form=bundle.weights.form, strategies=strategies,
    )  # fmt: skip


def data_card(folder: Path, bundle: Bundle, texts: Sequence[Text], formats: Sequence[str]) -> None:
    """The data's README.md. Its header makes each format a configuration for datasets.load_dataset."""
    header = {
        "configs": [
            {"config_name": name, "data_files": f"{name}.jsonl", **({"default": True} if name == "text" else {})}
            for name in formats
        ],
        "tags": ["augtune"],
    }
    _write(folder, "data_card.md", bundle, texts, None, header=_yaml(header), formats=formats)


def arguments(bundle: Bundle, kind: Mapping[str, Any] | None) -> str:
    """--model_args of lm-evaluation-harness with which it scores what augtune scores."""
    weights = (
        f"pretrained={base_of(bundle.study.model)},peft=model"
        if kind and kind["kind"] == "adapter"
        else "pretrained=model"
    )
    # A text that a chat template rendered gets no special tokens beside the template's.
    chat = ",add_bos_token=False" if bundle.weights and bundle.weights.form == "chat" else ""
    return f"{weights},dtype=float32{chat}"


def _write(
    folder: Path, template: str, bundle: Bundle, texts: Sequence[Text], kind: Mapping[str, Any] | None, **more: Any
) -> None:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.undefined = jinja2.StrictUndefined
    shown = {
        "study": bundle.study,
        "arm": bundle.arm,
        "notes": bundle.notes,
        "seed": bundle.weights.seed if bundle.weights else None,
        "base": base_of(bundle.study.model),
        "augmenter": base_of(bundle.study.augment.model or bundle.study.model),
        "embedded": bundle.study.model == "embedded",
        "EMBEDDED": EMBEDDED,
        "documents": sum(t.strategy is None for t in texts),
        "counts": Counter(t.strategy for t in texts if t.strategy),
        "kind": kind,
        "version": __version__,
        "instruction": INSTRUCTION,
        "all_formats": list(FORMATS),
        "task": task.name(bundle.study.name, bundle.arm),
    }
    text = environment.get_template(template).render(shown | more)
    (folder / "README.md").write_text(text, encoding="utf-8")


def _yaml(header: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(header), sort_keys=False, allow_unicode=True).rstrip()
