"""Training texts: what one training example is, its token ids and labels, and the order in which they are seen."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import torch

from ..backends.tree import agree
from ..sentences import sentences

IGNORED = -100  # torch's cross entropy leaves labels of this value out
MULTIPLE = 8  # batches are padded to a multiple of this: few shapes, each of which costs a set-up when it is first met

Text = str | tuple[str, str]  # a text, or (what is read, what is learnt after it)


@dataclass(frozen=True)
class Example:
    """Token ids; the first `context` of them are read, the others also learnt."""

    ids: list[int]
    context: int = 0


def split(text: str, splitting: str) -> list[tuple[str, str]]:
    """(context, learnt) texts of one text. Cumulative: each sentence after those before it; each is learnt once, as
    with independent (arXiv 2505.00661, sentence splitting)."""
    if splitting == "none":
        return [("", text)]
    parts = sentences(text)
    if splitting == "independent":
        return [("", part) for part in parts]
    return [(" ".join(parts[:i]), part) for i, part in enumerate(parts)]


def examples(texts: Sequence[Text], splitting: str, tokenizer: Any, window: int) -> list[Example]:
    """One or more examples for each text, ended by the tokenizer's end token; loss on every token but the context's.
    What exceeds the window is cut into windows, so that no text is lost."""
    found = []
    for text in texts:
        for context, learnt in split(text, splitting) if isinstance(text, str) else [text]:
            before: list[int] = tokenizer(context).input_ids if context else []
            ids: list[int] = tokenizer(f"{context} {learnt}" if context else learnt).input_ids
            if ids[-1:] != [tokenizer.eos_token_id]:
                ids = [*ids, tokenizer.eos_token_id]
            agreed = agree(before, ids)
            for start in range(0, len(ids), window):
                found.append(Example(ids[start : start + window], max(0, min(agreed - start, window))))
    return [e for e in found if e.context < len(e.ids)]


def with_replay(found: list[Example], share: float, tokenizer: Any, window: int, seed: int) -> list[Example]:
    """The examples, and general text beside them so that it makes up `share` of all; seeded, and repeated only where
    the shipped text (general.txt) does not reach."""
    if not share:
        return found
    general = Path(__file__).with_name("general.txt").read_text(encoding="utf-8").split("\n\n")
    passages = examples([p.strip() for p in general], "none", tokenizer, window)
    random.Random(f"replay-{seed}").shuffle(passages)
    wanted = round(share / (1 - share) * len(found))
    return found + [passages[i % len(passages)] for i in range(wanted)]


def order(
    lengths: Sequence[int], epochs: float | None, steps: int | None, batch: int, seed: int, tokens: int | None = None
) -> list[int]:
    """The examples in the order in which they are trained on, `batch` of them a step: shuffled anew in each pass, fixed
    by the seed, so that a resumed run sees the same order. Batches of like lengths would save padding, but examples of
    one length are often of one form, and less is learnt from such a batch (docs/lab-notes.md).

    As long as `steps` or `epochs` say; or, with `tokens`, up to the first whole batch that reaches them."""
    rng = random.Random(f"order-{seed}")
    stream = chain.from_iterable(rng.sample(range(len(lengths)), len(lengths)) for _ in repeat(None))
    if not tokens:
        return list(islice(stream, steps * batch if steps else max(1, round((epochs or 1) * len(lengths)))))
    ordered: list[int] = []
    read = 0
    while read < tokens or len(ordered) % batch:
        ordered.append(next(stream))
        read += lengths[ordered[-1]]
    return ordered


def pass_ends(total: int, each: int, batch: int) -> dict[int, int]:
    """Step -> the pass that is complete after it, of `total` examples in steps of `batch`, with `each` in a pass. The
    last step ends the last pass, complete or not."""
    return {-(-min(number * each, total) // batch): number for number in range(1, -(-total // each) + 1)}


def collate(batch: Sequence[Example], padding: int) -> dict[str, torch.Tensor]:
    """input_ids, attention_mask and labels, each (examples, tokens), padded on the right; the longest example first."""
    batch = sorted(batch, key=lambda e: -len(e.ids))
    width = _padded(len(batch[0].ids))
    ids = torch.full((len(batch), width), padding)
    labels = torch.full((len(batch), width), IGNORED)
    mask = torch.zeros((len(batch), width), dtype=torch.long)
    for row, example in enumerate(batch):
        n = len(example.ids)
        ids[row, :n] = torch.tensor(example.ids)
        labels[row, example.context : n] = ids[row, example.context : n]
        mask[row, :n] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def portions(batch: dict[str, torch.Tensor], at_once: int) -> Iterator[dict[str, torch.Tensor]]:
    """A batch of `collate` in parts of at most so many tokens (but at least one example), each as wide as its own
    longest example: padding costs little, however much lengths differ."""
    lengths = batch["attention_mask"].sum(-1).tolist()
    start = 0
    while start < len(lengths):
        width = _padded(lengths[start])
        end = start + max(1, at_once // width)
        yield {name: values[start:end, :width] for name, values in batch.items()}
        start = end


def _padded(length: int) -> int:
    return -(-length // MULTIPLE) * MULTIPLE
