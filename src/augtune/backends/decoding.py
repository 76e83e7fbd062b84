"""Texts of one batch written together: rows over a shared prefix, which leave as they finish."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import Cache, DynamicLayer

from ..records import Usage
from .base import Generated, Request, cut
from .memory import give_back
from .prefix import KeysValues, over
from .tree import agree

if TYPE_CHECKING:
    from .local import LocalModel

AT_ONCE = {"cpu": 768, "cuda": 8192}  # tokens of prompts that are computed at a time
FULL = 7 / 8  # share of the rows that still write; with fewer, the others are taken out


class Decoding:
    """One batch being written. Suffixes are padded on the left, so that all rows' next tokens stand in one column."""

    def __init__(self, backend: LocalModel, requests: list[Request], ids: list[list[int]]) -> None:
        self.backend, self.requests, self.ids = backend, requests, ids
        prefix = backend.encode(requests[0].prefix, requests[0].chat) if requests[0].prefix else []
        agreed = min((agree(prefix, ids) for ids in self.ids), default=0)
        self.shared = min(agreed, min(map(len, self.ids)) - 1)
        self.out: list[list[int]] = [[] for _ in requests]
        self.texts = [""] * len(requests)
        self.finished = [False] * len(requests)
        self.draw = [random.Random(r.seed) for r in requests]

    @torch.inference_mode()
    def run(self) -> Generated:
        b, model = self.backend, self.backend.model
        prefix = b.prefill(self.ids[0][: self.shared])
        suffixes = [ids[self.shared :] for ids in self.ids]
        longest = max(map(len, suffixes))
        size = columns_at_once(longest, len(suffixes), b.device)
        width = -(-longest // size) * size  # parts of one shape, each of which costs a set-up and memory
        rows = list(range(len(suffixes)))  # the request that each row writes
        going = set(rows)  # those that are not finished
        valid = torch.tensor([[False] * (width - len(s)) + [True] * len(s) for s in suffixes], device=b.device)
        tokens = torch.tensor([[0] * (width - len(s)) + s for s in suffixes], device=b.device)
        positions = self.shared + (valid.long().cumsum(-1) - 1).clamp(min=0)
        # Padding sees itself, so that no row of the softmax is empty; nothing real sees padding.
        square = torch.ones(width, width, dtype=torch.bool, device=b.device)
        mask = (valid[:, None, :] & square.tril()) | torch.eye(width, dtype=torch.bool, device=b.device)
        mask = mask[:, None]
        room = width + max(r.max_tokens for r in self.requests)
        cache = cache_of(model.config, room)
        for start in range(0, width, size):
            columns = slice(start, start + size)
            logits = self._forward(
                tokens[:, columns], positions[:, columns], mask[:, :, columns, : columns.stop], prefix, cache
            )
        give_back()
        while True:
            going = self._append(rows, going, logits)
            del logits  # or the next ones come to lie beside them
            if not going:
                break
            if len(going) < FULL * len(rows):
                kept = torch.tensor([place for place, i in enumerate(rows) if i in going], device=b.device)
                cache.batch_select_indices(kept)
                valid, positions, rows = valid[kept], positions[kept], [i for i in rows if i in going]
            valid = torch.cat([valid, valid.new_ones(len(rows), 1)], dim=-1)
            tokens = torch.tensor([[self.out[i][-1]] for i in rows], device=b.device)
            positions = (positions[:, -1:] + 1).clamp(max=b.window - 1)  # of rows that are finished but still here
            logits = self._forward(tokens, positions, valid[:, None, None, :], prefix, cache)
        return Generated(self.texts, self.finished, self.used(sum(map(len, self.out))))

    def _forward(
        self, tokens: torch.Tensor, positions: torch.Tensor, mask: torch.Tensor, prefix: KeysValues, cache: Cache
    ) -> torch.Tensor:
        """(rows, words of the vocabulary): scores of what follows the last column."""
        with over(prefix or None):
            logits: torch.Tensor = self.backend.model(
                input_ids=tokens,
                position_ids=positions,
                attention_mask=mask,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits
        return logits[:, -1]

    def used(self, wrote: int) -> Usage:
        """What the batch takes if so many tokens are written: the last one of each text is never read, and the prefix
        is read once for all."""
        own = sum(map(len, self.ids)) - self.shared * len(self.ids)
        computed = self.shared + own + wrote - len(self.ids)
        return Usage(
            tokens_in=self.shared + own,
            tokens_in_reused=self.shared * (len(self.ids) - 1),
            tokens_out=wrote,
            flops=2.0 * self.backend.parameters * computed,
        )

    def _append(self, rows: list[int], going: set[int], logits: torch.Tensor) -> set[int]:
        """Take one token for each row that is going; -> which requests go on."""
        best = logits.max(-1).indices.tolist()  # faster than argmax by far, in bfloat16 on a CPU
        left = set()
        for place, i in enumerate(rows):
            if i not in going:
                continue
            request = self.requests[i]
            token = best[place] if request.temperature == 0 else self._sample(i, logits[place])
            self.out[i].append(token)
            if token in self.backend.ends:
                self.finished[i] = True
                continue
            text = self.backend.tokenizer.decode(self.out[i], skip_special_tokens=True)
            self.texts[i], self.finished[i] = cut(text, request.stop)
            if not self.finished[i] and len(self.out[i]) < request.max_tokens:
                left.add(i)
        return left

    def _sample(self, i: int, logits: torch.Tensor) -> int:
        """By inverse distribution function from the request's own random numbers, so that no neighbour matters."""
        p = torch.softmax(logits.float() / self.requests[i].temperature, -1).double().cpu().numpy().cumsum()
        return int(min(np.searchsorted(p, self.draw[i].random() * p[-1]), len(p) - 1))


def columns_at_once(width: int, rows: int, device: torch.device) -> int:
    """How much of a prompt is computed at a time, in equal parts, so that its inner states take little memory."""
    parts = min(width, -(-width * rows // AT_ONCE.get(device.type, AT_ONCE["cuda"])))
    return -(-width // parts)


def cache_of(config: Any, room: int) -> Cache:
    """An empty cache with room for so many tokens of each row."""
    layers, block = config.get_text_config().num_hidden_layers, list[torch.Tensor]()
    return Cache(layers=[_Layer(room, block, layers) for _ in range(layers)])


class _Layer(DynamicLayer):  # type: ignore[misc]
    """A layer's keys and values in buffers that have room for the whole of every text, and are written in place:
    transformers' own are copied for each token that is added. On a CPU all layers' lie in one block, which goes back to
    the system as a whole: buffers for each, of another size in each batch, leave the heap in pieces."""

    def __init__(self, room: int, block: list[torch.Tensor], layers: int) -> None:
        super().__init__()
        self.room, self.block, self.layers = room, block, layers
        self.buffers: list[torch.Tensor] = []

    def update(self, key: torch.Tensor, value: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key, value)
            self.buffers = [self._buffer(states) for states in (key, value)]
        used, new = self.get_seq_length(), key.shape[2]
        for buffer, states in zip(self.buffers, (key, value), strict=True):
            buffer[:, :, used : used + new] = states
        self.keys, self.values = (buffer[:, :, : used + new] for buffer in self.buffers)
        return self.keys, self.values

    def _buffer(self, states: torch.Tensor) -> torch.Tensor:
        shape = (states.shape[0], states.shape[1], self.room, states.shape[3])
        if states.device.type != "cpu":  # their memory is torch's own to divide
            return states.new_empty(shape)
        if not self.block:  # this is the first layer
            self.block.extend(states.new_empty(2 * self.layers, *shape).unbind())
        return self.block.pop() if self.block[-1].shape == shape else states.new_empty(shape)

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        rows, used = len(indices), self.get_seq_length()
        for buffer in self.buffers:
            buffer[:rows, :, :used] = buffer[indices, :, :used]
        self.buffers = [buffer[:rows] for buffer in self.buffers]
        self.keys, self.values = (buffer[:, :, :used] for buffer in self.buffers)
