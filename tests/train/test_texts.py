"""Masks, labels and order by hand-written token ids."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from augtune.train.texts import IGNORED, Example, collate, examples, order, portions, split

END = 0


class Words:
    """A tokenizer of words with ids that are told here."""

    eos_token_id = END
    ids = {"A": 1, "b.": 2, "C": 3, "d.": 4, "E": 5, "f.": 6}  # noqa: RUF012

    def __call__(self, text: str) -> SimpleNamespace:
        return SimpleNamespace(input_ids=[self.ids[w] for w in text.split()])


def test_every_token_is_learnt_the_end_included() -> None:
    assert examples(["A b. C d."], "none", Words(), 99) == [Example([1, 2, 3, 4, END])]


def test_independent_splitting() -> None:
    assert examples(["A b. C d."], "independent", Words(), 99) == [Example([1, 2, END]), Example([3, 4, END])]


def test_cumulative_splitting_reads_what_came_before_and_learns_each_sentence_once() -> None:
    assert examples(["A b. C d. E f."], "cumulative", Words(), 99) == [
        Example([1, 2, END]), Example([1, 2, 3, 4, END], 2), Example([1, 2, 3, 4, 5, 6, END], 4),
    ]  # fmt: skip


def test_a_text_beyond_the_window_is_cut_not_lost() -> None:
    found = examples(["A b. C d."], "none", Words(), 2)
    assert [e.ids for e in found] == [[1, 2], [3, 4], [END]]


def test_split_names() -> None:
    assert split("One. Two.", "cumulative") == [("", "One."), ("One.", "Two.")]


def test_collate_pads_on_the_right_and_hides_context_and_padding() -> None:
    batch = collate([Example([5, 6, 0]), Example([1, 2, 3, 4, 0], 2)], padding=9)
    assert batch["input_ids"].tolist() == [[1, 2, 3, 4, 0, 9, 9, 9], [5, 6, 0, 9, 9, 9, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1] * 5 + [0] * 3, [1] * 3 + [0] * 5]
    x = IGNORED
    assert batch["labels"].tolist() == [[x, x, 3, 4, 0, x, x, x], [5, 6, 0, x, x, x, x, x]]


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=60), epochs=st.sampled_from([0.5, 1, 2.0, 3]),
    batch=st.integers(1, 8), seed=st.integers(0, 3),
)  # fmt: skip
def test_order_sees_each_example_once_a_pass(lengths: list[int], epochs: float, batch: int, seed: int) -> None:
    found = order(lengths, epochs, None, batch, seed)
    assert len(found) == max(1, round(epochs * len(lengths)))
    counts = Counter(found).values()
    assert max(counts) - (min(counts) if len(counts) == len(lengths) else 0) <= 1
    assert found == order(lengths, epochs, None, batch, seed)


def test_order_by_steps_and_by_seed() -> None:
    assert len(order([1] * 10, None, 7, 4, 0)) == 28
    assert order(list(range(1, 50)), 1, None, 4, 0) != order(list(range(1, 50)), 1, None, 4, 1)


def test_portions_are_as_wide_as_their_own_longest_example() -> None:
    batch = collate([Example([7] * n) for n in (3, 20, 9, 2, 8)], padding=0)
    found = list(portions(batch, 32))
    assert [tuple(p["input_ids"].shape) for p in found] == [(1, 24), (2, 16), (2, 8)]
    assert [p["attention_mask"].sum(-1).tolist() for p in found] == [[20], [9, 8], [3, 2]]
    assert sum(int((p["labels"] != IGNORED).sum()) for p in found) == 42
