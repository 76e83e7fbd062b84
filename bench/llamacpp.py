"""Writing over a shared prefix by llama.cpp: the prefix once, its cells shared by all rows, rows decoded together. With
the weights of the embedded model's file, laid out anew in another dtype."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path
from typing import Any

import writing

ROWS, AT_ONCE = 64, 2048


def in_dtype(source: str, dtype: str) -> str:
    """The file of a GGUF file's weights in `dtype` (BF16, F16), written once beside the other temporary files."""
    import gguf
    import numpy as np

    target = Path(tempfile.gettempdir()) / f"{Path(source).stem}-{dtype}.gguf"
    if target.exists():
        return str(target)
    kind, read = gguf.GGMLQuantizationType[dtype], gguf.GGUFReader(source)
    part = target.with_suffix(".part")
    writer = gguf.GGUFWriter(part, read.fields["general.architecture"].contents())
    for name, field in read.fields.items():
        if not name.startswith("GGUF.") and name not in ("general.architecture", "general.file_type"):
            of = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], sub_type=of)
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{dtype}"])
    for tensor in read.tensors:
        weights = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if weights.ndim == 1:
            writer.add_tensor(tensor.name, weights)
        else:
            writer.add_tensor(tensor.name, gguf.quants.quantize(weights, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.replace(target)
    return str(target)


class Llama:
    """What llama-cpp-python's own interface lacks: many sequences in one context."""

    def __init__(self, file: str, threads: int, room: int) -> None:
        import llama_cpp

        self.lib = llama_cpp
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(file.encode(), llama_cpp.llama_model_default_params())
        self.words = llama_cpp.llama_model_get_vocab(self.model)
        self.count = llama_cpp.llama_vocab_n_tokens(self.words)
        self.end = llama_cpp.llama_vocab_eos(self.words)
        how = llama_cpp.llama_context_default_params()
        how.n_seq_max, how.n_ctx, how.n_batch, how.kv_unified, how.flash_attn_type = ROWS + 1, room, AT_ONCE, True, 1
        how.n_threads = how.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(self.model, how)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.batch = llama_cpp.llama_batch_init(AT_ONCE, 0, 1)

    def tokens(self, text: str) -> list[int]:
        given = text.encode()
        room = (self.lib.llama_token * (len(given) + 8))()
        return list(room[: self.lib.llama_tokenize(self.words, given, len(given), room, len(room), False, False)])

    def text(self, tokens: list[int]) -> str:
        room, out = ctypes.create_string_buffer(64), b""
        for token in tokens:
            written = self.lib.llama_token_to_piece(self.words, token, room, 64, 0, False)
            out += room.raw[:written]
        return out.decode(errors="replace")

    def decode(self, items: list[tuple[int, int, int, bool]]) -> dict[int, int]:
        """(token, position, sequence, whether its next token is wanted) -> of each sequence, the likeliest next."""
        import numpy as np

        found = {}
        for k in range(0, len(items), AT_ONCE):
            part = items[k : k + AT_ONCE]
            self.batch.n_tokens = len(part)
            for place, (token, position, sequence, wanted) in enumerate(part):
                self.batch.token[place], self.batch.pos[place], self.batch.logits[place] = token, position, wanted
                self.batch.n_seq_id[place], self.batch.seq_id[place][0] = 1, sequence
            if self.lib.llama_decode(self.context, self.batch):
                raise RuntimeError("llama_decode failed")
            for place, (_, _, sequence, wanted) in enumerate(part):
                if wanted:
                    scores = self.lib.llama_get_logits_ith(self.context, place)
                    found[sequence] = int(np.ctypeslib.as_array(scores, shape=(self.count,)).argmax())
        return found


def prefix_shared(work: dict[str, Any]) -> Any:
    llama = Llama(in_dtype(work["gguf"], "BF16"), work["threads"], work["room"])
    prompts = [llama.tokens(work["prefix"] + p) for p in work["prompts"]]
    shared = min(map(len, prompts)) - 1
    while len({tuple(p[:shared]) for p in prompts}) > 1:
        shared -= 1

    def go() -> dict[str, Any]:
        out: list[list[int]] = [[] for _ in prompts]
        texts = [""] * len(prompts)
        llama.decode([(token, i, ROWS, False) for i, token in enumerate(prompts[0][:shared])])
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        for k in range(0, len(order), ROWS):
            rows = dict(enumerate(order[k : k + ROWS]))
            items = []
            for row, i in rows.items():
                llama.lib.llama_memory_seq_rm(llama.memory, row, -1, -1)
                llama.lib.llama_memory_seq_cp(llama.memory, ROWS, row, -1, -1)
                own = list(enumerate(prompts[i]))[shared:]
                items += [(token, place, row, place == len(prompts[i]) - 1) for place, token in own]
            following = llama.decode(items)
            while rows:
                items = []
                for row, i in list(rows.items()):
                    out[i].append(following[row])
                    text = llama.text(out[i])
                    texts[i] = writing._cut(text, work["stop"])
                    if texts[i] != text or following[row] == llama.end or len(out[i]) >= work["most"][i]:
                        del rows[row]
                    else:
                        items.append((following[row], len(prompts[i]) + len(out[i]) - 1, row, True))
                following = llama.decode(items)
        return {"texts": texts}

    return go
