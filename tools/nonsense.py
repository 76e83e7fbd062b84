"""Makes src/augtune/benchmarks/nonsense.txt: pronounceable words of 4 or 5 letters that mean nothing in English.

    python tools/nonsense.py WORDLIST... > src/augtune/benchmarks/nonsense.txt

Each WORDLIST is a file of real words, one a line; the shipped list was made with SCOWL's largest American and British
lists (Debian's wamerican-insane and wbritish-insane) and those of the PyPI package english-words. A word is taken if
neither it nor its plural is real, if the embedded model's tokenizer takes at most two tokens for it, and if no other
word that was taken differs from it in one letter only: what a small model confuses is then not the spelling.
"""

from __future__ import annotations

import random
import sys
from itertools import product
from pathlib import Path

from english_words import get_english_words_set
from transformers import AutoTokenizer

from augtune.backends.embedded import embedded_model

ONSETS = "b bl br d dr dw f fl fr g gl gr h j k kl kr l m n p pl pr r s sk sl sm sn sp st sw t tr tw v w y z".split()
VOWELS = "a e i o u".split()
CODAS = "b d f ff ft g k ld lf lk lm lp lt m mp n nd nk nt p pt rb rd rf rg rk rm rn rp rt sk sp st t v x zz".split()
SINGLE = "b d f g h j k l m n p r s t v w z".split()
MEDIAL = "bd bl bm br dr fl gl gm kl lb ld lk lm ln lv mb mp nd ng nk pl pr rb rd rg rk rm rn rv sk sp st tr".split()
LAST = "b d f g k l m n p r t v z".split()
MOST = 1600  # two halves, for the worlds below 100 and from 100 on


def main() -> None:
    real = set(get_english_words_set(["web2", "gcide"], lower=True))
    for name in sys.argv[1:]:
        real |= {line.strip().lower() for line in Path(name).read_text(encoding="utf-8").splitlines()}
    tokenizer = AutoTokenizer.from_pretrained(embedded_model())
    shapes = ((ONSETS, VOWELS, CODAS), (SINGLE, VOWELS, SINGLE, VOWELS, LAST), (VOWELS, MEDIAL, VOWELS, LAST))
    made = ["".join(parts) for shape in shapes for parts in product(*shape)]
    made = [w for w in made if len(w) in (4, 5) and not {w, f"{w}s", f"{w}es"} & real]
    made = [w for w in made if len(tokenizer(f" {w}").input_ids) <= 2]
    random.Random("nonsense").shuffle(made)
    taken: list[str] = []
    near: set[str] = set()
    for word in made:
        if len(taken) < MOST and word not in near:
            taken.append(word)
            near |= {f"{word[:i]}{c}{word[i + 1 :]}" for i in range(len(word)) for c in "abcdefghijklmnopqrstuvwxyz"}
    print("\n".join(taken))
    print(f"{len(made)} fit, {len(taken)} taken", file=sys.stderr)


if __name__ == "__main__":
    main()
