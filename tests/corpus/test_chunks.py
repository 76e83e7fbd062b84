from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augtune.corpus.chunks import chunks
from augtune.corpus.text import Text

HANDBOOK = """Before all.

# Pump

It weighs 3 kg.
It is red.

## Parts

| Part | Weight |
| --- | --- |
| Rod | 2 kg |
| Lid | 1 kg |

### Lid

- It is round. It is flat.
- It is new.

## Makers

## Empty

Setext
======

```
# no heading
```
"""


def test_headings_and_title_are_context() -> None:
    found = chunks(Text(HANDBOOK, title="Handbook"), 1000)
    assert found == [
        ("Handbook", "Before all."),
        ("Handbook > Pump", "It weighs 3 kg.\nIt is red."),
        ("Handbook > Pump > Parts", "| Part | Weight |\n| --- | --- |\n| Rod | 2 kg |\n| Lid | 1 kg |"),
        ("Handbook > Pump > Parts > Lid", "- It is round. It is flat.\n- It is new."),
        ("Handbook > Pump", "Makers"),
        ("Handbook > Pump", "Empty"),
        ("Handbook > Setext", "```\n# no heading\n```"),
    ]
    assert chunks(Text(HANDBOOK), 0) == [(None, HANDBOOK.strip())]
    assert chunks(Text("# Pump\n\nRed.", title="Pump"), 100) == [("Pump", "Red.")]
    assert chunks(Text("# no heading\n\nx", markdown=False), 100) == [(None, "# no heading\n\nx")]


def test_sentences_and_tables_are_cut_where_they_may_be() -> None:
    text = "Dr. Smith came first. Then came the others, who were late. It rained. " * 2
    assert [body for _, body in chunks(Text(text), 50)] == [
        "Dr. Smith came first.", "Then came the others, who were late. It rained.",
        "Dr. Smith came first.", "Then came the others, who were late. It rained.",
    ]  # fmt: skip
    table = "| Part | Weight |\n| --- | --- |\n" + "\n".join(f"| Rod {n} | {n} kg |" for n in range(9))
    parts = [body for _, body in chunks(Text(table), 80)]
    assert len(parts) == 5
    assert all(part.startswith("| Part | Weight |\n| --- | --- |\n| Rod ") for part in parts)
    assert [body for _, body in chunks(Text("- one two.\n- three four.\n- five."), 25)] == [
        "- one two.\n- three four.", "- five.",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", " \n", "---\n"])
def test_no_text_no_chunks(text: str) -> None:
    assert chunks(Text(text), 100) == []


pieces = st.sampled_from(
    ["# Head", "## Sub", "### Deep", "A sentence. Another one!", "word " * 30, "x" * 70, "- a point", "1. first", "",
     "", "| a | b |", "| --- | --- |", "| c | d |", "> quoted", "    code", "```", "[a]: http://b", "<div>", "***",
     "Mr. A.", "# ", "Two\nlines", "===", "\t- deep", "日本語。終わり。", "\r", "a\rb"]
)  # fmt: skip


@settings(deadline=None)
@given(parts=st.lists(pieces, max_size=15), size=st.integers(20, 200), is_markdown=st.booleans())
def test_nothing_is_lost_and_nothing_too_long(parts: list[str], size: int, is_markdown: bool) -> None:
    text = "\n".join(parts)
    found = chunks(Text(text, is_markdown), size)
    assert all(0 < len(body) <= size for _, body in found)
    words = re.compile(r"\w+")
    told = "".join(word for context, body in found for word in words.findall(f"{context or ''} {body}"))
    for word in words.findall(text):
        assert all(word[k : k + 10] in told for k in range(0, len(word), 10))
