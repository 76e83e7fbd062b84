"""Any causal language model of transformers, on this machine: a hub id, a folder, or `embedded`; bare or with an
adapter that augtune trained. Shared prefixes are computed once (prefix.py), candidates once per question (tree.py)."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.utils import logging as hub_logging
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, logging

from ..errors import UserError
from ..records import Usage
from .base import Ask, Generated, Message, Request, Scored, Tick, cut, nothing
from .decoding import Decoding, cache_of, columns_at_once
from .embedded import embedded_fault, embedded_model
from .memory import give_back
from .prefix import NAME, KeysValues, over
from .tree import Row, agree, common_prefix, rows

# oneDNN keeps what it compiled for the last 1,024 shapes. Batches differ in length, and 57 of them left 130 MiB of it.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")

# What an architecture raises that is handed a mask or positions of which it expects other things.
UNSUITED = (AttributeError, AssertionError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
SEAM = 200  # characters: contexts longer than twice that are tokenized once, up to so many before their end

logging.disable_progress_bar()
hub_logging.set_verbosity_error()  # its retries; what fails in the end is told as one line


def resolve(model: str) -> str:
    """What from_pretrained is given for a study's `model`: the embedded model's folder, a folder, or a hub id."""
    return str(embedded_model()) if model == "embedded" else model


def best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@lru_cache
def fast_dtype() -> torch.dtype:
    """bfloat16 where this machine multiplies matrices clearly faster in it than in float32, else float32. Timed rather
    than looked up: many processors accept bfloat16 and are slower at it."""
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32

    best = {torch.float32: math.inf, torch.bfloat16: math.inf}
    for _ in range(20):  # in turn, so that what else the machine does slows both
        for dtype in best:
            a, b = torch.ones(256, 576, dtype=dtype), torch.ones(1536, 576, dtype=dtype)
            start = time.perf_counter()
            torch.nn.functional.linear(a, b)
            best[dtype] = min(best[dtype], time.perf_counter() - start)
    return torch.bfloat16 if best[torch.float32] > 1.3 * best[torch.bfloat16] else torch.float32


def as_dtype(name: str) -> torch.dtype:
    """The torch dtype for a study's `dtype`: auto, float32 or bfloat16."""
    fixed = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    return fixed[name] if name in fixed else fast_dtype()


def load_tokenizer(model: str) -> Any:
    """The model's tokenizer. Raises UserError if there is no such model."""
    with _explained(model):
        return AutoTokenizer.from_pretrained(resolve(model))


def load_window(model: str) -> int:
    """Tokens that fit in the model's context, 4096 where its configuration does not say. Raises UserError if there is
    no such model."""
    with _explained(model):
        config = AutoConfig.from_pretrained(resolve(model))
    return int(getattr(config, "max_position_embeddings", None) or 4096)


def load_weights(model: str, dtype: torch.dtype, device: str | None = None) -> Any:
    """The bare model, with augtune's attention. Raises UserError if there is no such model."""
    load, name = AutoModelForCausalLM.from_pretrained, resolve(model)
    with _explained(model):
        try:
            loaded = load(name, dtype=dtype, attn_implementation=NAME)
        except ValueError as e:  # an architecture whose attention cannot be replaced
            if "attention" not in str(e).lower():
                raise
            loaded = load(name, dtype=dtype)
        # Some take the name and attend in a way of their own, or cap scores or have sinks, which sdpa leaves out, and
        # ours with it: no error says so.
        if not (loaded._supports_sdpa and loaded._can_set_attn_implementation()):
            loaded = load(name, dtype=dtype)
    return loaded.to(device or best_device())


def reach(config: Any) -> int:
    """Up to how many tokens a text's every token sees all before it, the same way whatever follows: the least of its
    sliding windows, its chunks, and the length from which on positions are scaled by the length."""
    layers = getattr(config, "layer_types", None) or ["sliding_attention"]  # those of old ones are all alike
    rope = getattr(config, "rope_parameters", None) or {}
    ropes = [r for r in (rope, *rope.values()) if isinstance(r, dict)]  # some have one for each type of layer
    limits = [
        config.sliding_window if "sliding_attention" in layers and getattr(config, "sliding_window", None) else None,
        config.attention_chunk_size if getattr(config, "attention_chunk_size", None) else None,
        *(
            r.get("original_max_position_embeddings") or config.max_position_embeddings
            for r in ropes
            if r.get("rope_type") in ("dynamic", "longrope")
        ),
    ]
    return min((int(n) for n in limits if n), default=1 << 30)


def _rows_that_fit(config: Any, memory: int) -> int:
    """How many texts are written at a time: whose keys and values, 128 tokens of each in 16 bits, take no more."""
    heads = getattr(config, "num_attention_heads", None) or 1  # of recurrent ones, which write texts one by one
    width = heads * (getattr(config, "head_dim", None) or config.hidden_size // heads)
    shared = (getattr(config, "num_key_value_heads", None) or heads) / heads
    row = 128 * config.num_hidden_layers * 2 * width * shared * 2
    return max(16, min(256, int(memory / row) // 16 * 16))


class _explained:
    """Turns what the hub raises for a missing model into one clear line."""

    def __init__(self, model: str) -> None:
        self.model = model

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError | ValueError) and not isinstance(error, UserError):
            said = str(error).strip().splitlines()[0][:200]
            raise UserError(
                f"model {self.model!r} cannot be loaded: {said}. Name `embedded`, a folder with config.json and "
                "safetensors, or a hub id that this machine can reach"
            ) from error


def fingerprint(folder: Path) -> str:
    """A hash that changes when a folder's weights do: each file's name and size, and the ends of its content."""
    seen = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")) + sorted(folder.glob("*config.json")):
        size = file.stat().st_size
        seen.update(f"{file.name} {size}".encode())
        with file.open("rb") as f:
            seen.update(f.read(1 << 20))
            f.seek(max(0, size - (1 << 20)))
            seen.update(f.read())
    return seen.hexdigest()[:16]


def identify(model: str, dtype: str = "auto") -> str:
    """Names a model with its weights and what it computes in, without loading it. Raises UserError if there is none."""
    found = Path(resolve(model))
    if found.is_dir():
        weights = fingerprint(found)
    else:
        with _explained(model):
            weights = getattr(AutoConfig.from_pretrained(model), "_commit_hash", None) or ""
    return f"{model}@{weights} {str(as_dtype(dtype)).removeprefix('torch.')}"


class LocalModel:
    """A backend on this machine.

    `trained`: a folder with what an arm's training wrote: full weights, or a PEFT adapter for `model`.
    `exact` tells whether prefixes can be shared: probed with the model itself when it is loaded; where they cannot
    (recurrent layers, attention of its own), every text is computed alone, and so are those longer than `reach` (a
    sliding window, say). `note` says so.
    """

    def __init__(self, model: str, trained: Path | None = None, dtype: str = "auto", device: str | None = None) -> None:
        adapter = trained is not None and (trained / "adapter_config.json").exists()
        self.tokenizer = load_tokenizer(model)
        self.model = load_weights(str(trained) if trained and not adapter else model, as_dtype(dtype), device)
        self.parameters = self.model.num_parameters()
        if adapter:
            from peft import PeftModel

            self.model = PeftModel.from_pretrained(self.model, trained, autocast_adapter_dtype=False).get_base_model()
        self.model.eval()
        config = self.model.config
        self._place(self.model.device, config)
        self.identity = f"{identify(model, dtype)}{'+' + fingerprint(trained) if trained else ''}"
        self.window = int(getattr(config, "max_position_embeddings", None) or 1 << 30)
        ends = self.model.generation_config.eos_token_id
        self.ends = {self.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
        self.note: str | None = None
        self.reach = reach(config.get_text_config())
        self.exact = True
        self.exact = self._probe()

    def _place(self, device: torch.device, config: Any) -> None:
        cpu = device.type == "cpu"
        self.device = device
        self.row_tokens = 512 if cpu else 4096
        self.batch_size = _rows_that_fit(config.get_text_config(), 512 << 20 if cpu else 4 << 30)
        self._prefix: tuple[tuple[int, ...], KeysValues] = ((), [])

    # -- text and tokens

    def encode(self, text: str, chat: bool = False) -> list[int]:
        """Token ids; what the tokenizer adds to a text by itself (a BOS, say) only where no chat template did."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=not chat).input_ids
        # A tokenizer that also ends each text (EOS) would cut the prompt off from its continuation.
        return ids[:-1] if not chat and len(ids) > 1 and ids[-1] == self.tokenizer.eos_token_id else ids

    def encode_all(self, context: str, endings: Sequence[str], chat: bool = False) -> list[list[int]]:
        """Token ids of the context with each ending. A long context is tokenized once: cut at a space well before its
        end, where tokenizers cut too, which is checked with the first ending; if it is not so, all is done in full."""
        cut = context.rfind(" ", 0, max(0, len(context) - SEAM))
        if cut < SEAM or len(endings) < 2:
            return [self.encode(context + ending, chat) for ending in endings]
        head = self.encode(context[:cut], chat)

        def joined(ending: str) -> list[int]:
            ids: list[int] = self.tokenizer(context[cut:] + ending, add_special_tokens=False).input_ids
            return head + ids

        if joined(endings[0]) != self.encode(context + endings[0], chat):
            return [self.encode(context + ending, chat) for ending in endings]
        return [joined(ending) for ending in endings]

    def count_tokens(self, text: str) -> int:
        return len(self.encode(text))

    def chat(self, messages: Sequence[Message], *, continue_last: bool = False) -> str | None:
        if not self.tokenizer.chat_template:
            return None
        text: str = self.tokenizer.apply_chat_template(
            list(messages),
            tokenize=False,
            add_generation_prompt=not continue_last,
            continue_final_message=continue_last,
        )
        return text

    # -- scoring

    def scores(self, chat: bool = False) -> bool:
        return True

    def score(self, asks: Sequence[Ask], tick: Tick = nothing) -> Scored:
        """Log-likelihoods of all choices. Asks of one context share its computation, wherever they stand."""
        start = time.perf_counter()
        sums: list[list[float]] = [[0.0] * len(a.choices) for a in asks]
        counts: list[list[int]] = [[0] * len(a.choices) for a in asks]
        usage = Usage(calls=len(asks))
        contexts: dict[tuple[str, bool], list[int]] = {}
        for i, ask in enumerate(asks):
            contexts.setdefault((ask.context, ask.chat), []).append(i)
        for members in contexts.values():
            usage += self._score_context(asks, members, sums, counts, tick)
        return Scored(sums, counts, usage + Usage(seconds=time.perf_counter() - start))

    def _score_context(
        self, asks: Sequence[Ask], members: list[int], sums: list[list[float]], counts: list[list[int]], tick: Tick
    ) -> Usage:
        sequences: list[list[int]] = []
        begins: list[int] = []  # where each sequence's choice begins
        places: list[tuple[int, int]] = []  # (ask, choice)
        groups: list[list[tuple[int, list[int]]]] = []
        first = asks[members[0]]
        endings = [asks[i].prompt + choice for i in members for choice in ("", *asks[i].choices)]
        encoded = iter(self.encode_all(first.context, endings, first.chat))
        for i in members:
            ask = asks[i]
            prompt, *full = islice(encoded, 1 + len(ask.choices))
            # Where a tokenizer merges across the seam, all candidates are scored from before it: fair to each.
            begin = max(1, min(agree(prompt, ids) for ids in full))
            groups.append([(len(sequences) + k, ids) for k, ids in enumerate(full)])
            sequences += full
            begins += [begin] * len(full)
            places += [(i, k) for k in range(len(full))]
        longest = max(map(len, sequences))
        if longest > self.window:
            raise UserError(f"a question with its context has {longest} tokens; the model's window is {self.window}")
        shares = self._shares(longest)
        shared = min(common_prefix(sequences), min(begins) - 1) if shares and len(sequences) > 1 else 0
        computed = shared
        prefix = self.prefill(sequences[0][:shared])
        below = [[(index, ids[shared:]) for index, ids in group] for group in groups]
        if not shares:
            below = [[pair] for group in below for pair in group]
        for row in rows(below, self.row_tokens if shares else 1):
            computed += len(row.ids)
            for index, value in self._score_row(row, prefix, shared, begins, shares).items():
                i, k = places[index]
                sums[i][k], counts[i][k] = value, len(sequences[index]) - begins[index]
            tick(sum(1 for index, _ in row.paths if places[index][1] == len(asks[places[index][0]].choices) - 1))
        reused = sum(map(len, sequences)) - computed
        return Usage(computed, reused, flops=2.0 * self.parameters * computed)

    @torch.inference_mode()
    def _score_row(
        self, row: Row, prefix: KeysValues, shared: int, begins: list[int], shares: bool
    ) -> dict[int, float]:
        ids = torch.tensor([row.ids], device=self.device)
        inputs: dict[str, Any] = {"input_ids": ids, "use_cache": False}
        if shares:
            inputs["position_ids"] = shared + torch.tensor([row.depths], device=self.device)
            inputs["attention_mask"] = torch.from_numpy(row.mask()).to(self.device)[None, None]
        before = sorted({p for index, path in row.paths for p in path[begins[index] - 1 - shared : -1]})
        keep = torch.tensor(before, device=self.device)
        with over(prefix or None):
            logits = self.model(**inputs, logits_to_keep=keep).logits[0]
        at = {place: i for i, place in enumerate(before)}
        read = {index: path[begins[index] - 1 - shared :] for index, path in row.paths}
        lines = torch.tensor([at[p] for places in read.values() for p in places[:-1]], device=self.device)
        columns = ids[0, torch.tensor([p for places in read.values() for p in places[1:]], device=self.device)]
        values = (
            (logits[lines, columns].float() - _log_sum_exp(logits)[lines])
            .double()
            .split([len(places) - 1 for places in read.values()])
        )
        return {index: float(each.sum()) for index, each in zip(read, values, strict=True)}

    @torch.inference_mode()
    def prefill(self, ids: list[int]) -> KeysValues:
        """Keys and values of a prefix; the last one is kept, since batches of one prefix follow each other."""
        if not ids:
            return []
        if self._prefix[0] != tuple(ids):
            cache = cache_of(self.model.config, len(ids))
            tokens = torch.tensor([ids], device=self.device)
            for part in tokens.split(columns_at_once(len(ids), 1, self.device), dim=1):
                self.model(part, past_key_values=cache, use_cache=True, logits_to_keep=1)
            give_back()
            self._prefix = (tuple(ids), [(layer.keys, layer.values) for layer in cache.layers])
        return self._prefix[1]

    def _shares(self, length: int) -> bool:
        """Whether texts of at most so many tokens may share what they begin with."""
        if self.exact and length > self.reach:
            self.note = (
                f"a context of {length} tokens is beyond what the model's every layer sees alike ({self.reach}, by its "
                "sliding window or its scaled positions): such texts are computed alone, nothing is shared"
            )
        return self.exact and length <= self.reach

    def _probe(self) -> bool:
        """Whether scoring over a shared prefix gives what scoring alone gives, on a made-up text."""
        ask = [Ask("one two three four five six seven", " eight nine", (" ten eleven", " twelve"))]
        asks = [*ask, Ask(ask[0].context, " red green", (" blue", " yellow pink"))]
        try:
            together = self.score(asks)
            self.exact = False
            alone = self.score(asks)
        except UNSUITED as e:
            self.exact, self.note = False, f"prefixes cannot be shared with this architecture ({type(e).__name__})"
            return False
        pairs = zip(chain(*together.loglikelihoods), chain(*alone.loglikelihoods), strict=True)
        # What bfloat16 rounds away grows with the likelihood: up to a twentieth was seen with trained weights.
        fixed, share = (1e-3, 0.0) if self.model.dtype == torch.float32 else (0.5, 0.05)
        if all(abs(a - b) < fixed + share * abs(b) for a, b in pairs):
            return True
        self.note = "with this architecture a shared prefix changes likelihoods: every text is computed alone"
        return False

    # -- generation

    def generate(self, requests: Sequence[Request]) -> Generated:
        """Write all texts; requests of one prefix that follow each other are decoded together."""
        start = time.perf_counter()
        texts: list[str] = []
        finished: list[bool] = []
        usage = Usage(calls=len(requests))
        for _, same in groupby(requests, key=lambda r: (r.prefix, r.chat)):
            for result in self._decode(list(same)):
                texts += result.texts
                finished += result.finished
                usage += result.usage
        return Generated(texts, finished, usage + Usage(seconds=time.perf_counter() - start))

    def _decode(self, requests: list[Request]) -> Iterator[Generated]:
        ids = self.encode_all(requests[0].prefix, [r.prompt for r in requests], requests[0].chat)
        room = max(len(own) + r.max_tokens for own, r in zip(ids, requests, strict=True))
        if room > self.window:
            raise UserError(f"a prompt with its answer takes {room} tokens; the model's window is {self.window}")
        if self._shares(room):
            yield Decoding(self, requests, ids).run()
        else:
            yield from (self._alone(request, own) for request, own in zip(requests, ids, strict=True))

    @torch.inference_mode()
    def _alone(self, request: Request, ids: list[int]) -> Generated:
        """One text by transformers' own generate: for what cannot share, with whatever cache the architecture has."""
        how: dict[str, Any] = {"do_sample": False}
        if request.temperature:
            how = {"do_sample": True, "temperature": request.temperature, "top_k": 0, "top_p": 1.0}
        if request.stop:
            how |= {"stop_strings": list(request.stop), "tokenizer": self.tokenizer}
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(request.seed)
            whole = self.model.generate(
                torch.tensor([ids], device=self.device),
                attention_mask=torch.ones(1, len(ids), dtype=torch.long, device=self.device),
                max_new_tokens=request.max_tokens,
                eos_token_id=sorted(self.ends) or None,
                pad_token_id=self.tokenizer.eos_token_id,
                **how,
            )
        wrote: list[int] = whole[0, len(ids) :].tolist()
        text, stopped = cut(self.tokenizer.decode(wrote, skip_special_tokens=True), request.stop)
        flops = 2.0 * self.parameters * (len(ids) + len(wrote) - 1)
        usage = Usage(tokens_in=len(ids), tokens_out=len(wrote), flops=flops)
        return Generated([text], [stopped or wrote[-1] in self.ends], usage)


def _log_sum_exp(logits: torch.Tensor) -> torch.Tensor:
    """(places, words) -> (places), in float32, by a few places at a time: a processor's cache holds those."""
    return torch.cat([part.float().logsumexp(-1) for part in logits.split(8 if logits.device.type == "cpu" else 512)])


def exists(model: str) -> str | None:
    """None if the model's configuration can be read, else why not: a check before anything expensive starts."""
    if model == "embedded":
        return embedded_fault()
    load: Callable[..., Any] = AutoConfig.from_pretrained
    try:
        with _explained(model):
            load(model)
    except UserError as e:
        return str(e)
    return None
