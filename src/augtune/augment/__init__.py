"""Documents to augmentations: what the model infers in context about them. It never sees a question.

STRATEGIES is the table: a strategy's name, and the function that makes its requests for one sample. A new strategy is a
function in one of this folder's files, and one line here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from ..backends.base import Backend, Request
from ..backends.store import Store, Tick
from ..records import Augmentation, Document, Usage
from . import local
from .checks import Candidate, judge
from .preflight import Verdict, comparison

Requests = Callable[[Backend, str, Sequence[Document], int, float, int], list[Request]]

STRATEGIES: dict[str, Requests] = {name: partial(local.requests, name) for name in local.EXAMPLES}

NO_COMPARISONS = "not asked: a comparison, which the model does not invert (preflight)"


def augment(
    backend: Backend,
    store: Store,
    documents: Sequence[Document],
    preflight: Sequence[Verdict],
    samples: int,
    temperature: float,
    seed: int,
    tick: Tick,
) -> tuple[list[Augmentation], Usage]:
    """Every augmentation, accepted or rejected with a reason, by strategy and then by document; and what it used.
    `preflight` names the strategies, each with the style that works; one tick for each text."""
    found: list[Augmentation] = []
    usage = Usage()
    for verdict in preflight:
        accepted: dict[str, list[str]] = defaultdict(list)
        asked = [d for d in documents if verdict.comparisons or not comparison(d.text)]
        skipped = [d for d in documents if not verdict.comparisons and comparison(d.text)]
        found += [
            Augmentation(f"{verdict.strategy}-{d.id}", verdict.strategy, [d.id], "", NO_COMPARISONS) for d in skipped
        ]
        tick(len(skipped) * samples)
        for sample in range(samples):
            requests = STRATEGIES[verdict.strategy](backend, verdict.style, asked, sample, temperature, seed)
            wrote = store.generate(backend, requests, tick)
            usage += wrote.usage
            for document, text, finished in zip(asked, wrote.texts, wrote.finished, strict=True):
                text = text.strip()
                reason = judge(Candidate(verdict.strategy, document.text, text, finished), accepted[document.id])
                if reason is None:
                    accepted[document.id].append(text)
                found.append(
                    Augmentation(
                        f"{verdict.strategy}-{document.id}-{sample}", verdict.strategy, [document.id], text, reason
                    )
                )
    return found, usage
