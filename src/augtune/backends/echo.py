"""Log-likelihoods of choices from a server's echoed prompt: which of its tokens belong to the choice?

The server tells tokens as text. They are laid along the text that was sent, from its end, where the choice stands: so
neither a token that the server puts first (BOS) nor characters that several tokens share, further up, move the seam, as
they move the offsets that some servers count. Where a token spans the seam for any choice, all choices of the question
are scored from the last boundary before it that all of them have, as on this machine: fair to each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

BEFORE = 8  # boundaries up to the seam that are kept
Cut = tuple[int, float, int]  # where a token begins, relative to the seam; the log-likelihood from there; tokens


def cuts(answer: dict[str, Any], text: str, seam: int) -> list[Cut]:
    """The last boundaries between tokens up to `seam`, the place in `text` where the choice begins; the nearest comes
    first. Raises ValueError with a reason where the answer holds no log-probabilities of the text."""
    found = answer["choices"][0].get("logprobs") or {}
    tokens, values = found.get("tokens"), found.get("token_logprobs")
    if not isinstance(tokens, list) or not isinstance(values, list) or len(tokens) != len(values):
        raise ValueError("no log-probabilities")
    told = (answer.get("usage") or {}).get("prompt_tokens")
    # The token that had to be generated stands last; where the server's count is no help, it may have been left out.
    for end in dict.fromkeys([told, len(tokens) - 1, len(tokens)]):
        begins = _begins(tokens[:end], text) if isinstance(end, int) and 0 < end <= len(tokens) else {}
        kept = sorted((place for place in begins if place <= seam), reverse=True)[:BEFORE]
        # The first token of all has no likelihood: nothing stands before it.
        scored = [(place, values[begins[place] : end]) for place in kept]
        whole = [(place, part) for place, part in scored if part and all(isinstance(v, int | float) for v in part)]
        if whole:
            return [(place - seam, float(sum(part)), len(part)) for place, part in whole]
    raise ValueError("log-probabilities of the generated text only, or of other tokens than the prompt's")


def _begins(tokens: Sequence[str], text: str) -> dict[int, int]:
    """place in the text -> the token that begins there, from the end as far back as they agree. Characters of which
    tokens hold parts ("\\ufffd", or OpenAI's "bytes:") lie between the whole tokens around them."""
    place, found = len(text), {}
    k = len(tokens)
    while k > 0 and place > 0:
        k -= 1
        if _partial(tokens[k]):
            while k > 0 and _partial(tokens[k - 1]):
                k -= 1
            before = text.rfind(tokens[k - 1], 0, place) if k else 0
            if before < 0:
                break
            place = before + len(tokens[k - 1]) if k else 0
        elif text.endswith(tokens[k], 0, place):
            place -= len(tokens[k])
        else:
            break
        found[place] = k
    return found


def _partial(token: str) -> bool:
    return "\ufffd" in token or token.startswith("bytes:")


def fair(of_choices: Sequence[Sequence[Cut]]) -> tuple[list[float], list[int]]:
    """Each choice's log-likelihood and tokens, from the last boundary that all choices have. Raises ValueError if there
    is none."""
    tables = [{place: (value, n) for place, value, n in each} for each in of_choices]
    common = set.intersection(*map(set, tables))
    if not common:
        raise ValueError("no boundary between tokens is common to all choices")
    place = max(common)
    return [table[place][0] for table in tables], [table[place][1] for table in tables]
