"""Is a batch of short texts trained on faster in padded rows, in one row under a mask, or in one row whose texts are
put one below the other by attention alone, as augtune does it? python bench/packing.py   prints CPU seconds of one
thread for six batches of 16, three rounds"""

from __future__ import annotations

import os
import random
import time
from typing import Any


def main() -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch

    torch.set_num_threads(1)
    from augtune import benchmarks
    from augtune.backends.local import fast_dtype, load_tokenizer, load_weights
    from augtune.train.loss import from_hidden
    from augtune.train.norms import lean_norms
    from augtune.train.texts import IGNORED, Example, collate, examples, portions
    from augtune.train.trainer import AT_ONCE, _attention
    from augtune.train.unpadded import unpadded

    network = load_weights("embedded", fast_dtype(), "cpu").train()
    texts = [d.text for d in benchmarks.make("people", 0, {}).documents]
    random.Random(0).shuffle(texts)
    found = examples(texts[:96], "none", load_tokenizer("embedded"), 2048)
    batches = [found[k : k + 16] for k in range(0, len(found), 16)]

    def padded(batch: list[Example], loss: Any) -> float:
        whole = collate(batch, 0)
        count = int((whole["labels"][:, 1:] != IGNORED).sum())
        total = 0.0
        for part in portions(whole, AT_ONCE["cpu"]):
            labels = part.pop("labels")
            with _attention(network, labels.shape[1]):
                value = loss(network(**part, use_cache=False), labels, count)
            value.backward()
            total += value.item()
        return total

    def packed(batch: list[Example], loss: Any) -> float:
        rows = [
            (token, place, IGNORED if place == 0 else token, number)
            for number, e in enumerate(batch)
            for place, token in enumerate(e.ids)
        ]
        ids, places, labels, numbers = torch.tensor(rows).T[:, None]
        seen = (numbers == numbers.T) & torch.ones(len(rows), len(rows), dtype=torch.bool).tril()
        out = network(input_ids=ids, position_ids=places, attention_mask=seen[None, None], use_cache=False)
        value = loss(out, labels)
        value.backward()
        return float(value.item())

    def side_by_side(batch: list[Example], loss: Any) -> float:
        row, attention = unpadded(collate(batch, 0))
        labels = row.pop("labels")
        with attention:
            value = loss(network(**row, use_cache=False), labels)
        value.backward()
        return float(value.item())

    with lean_norms(network), from_hidden(network) as loss:
        for _ in range(3):
            for form in (padded, packed, side_by_side):
                start, total = time.process_time(), 0.0
                for batch in batches:
                    total += form(batch, loss)
                    network.zero_grad()
                seconds = time.process_time() - start
                print(f"{form.__name__}: {seconds:.2f} s, loss {total / len(batches):.4f}", flush=True)


if __name__ == "__main__":
    main()
