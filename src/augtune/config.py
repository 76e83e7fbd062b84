"""The study's schema. A field is documented once, here; that text is also what `augtune validate --help-keys` prints.

A study is read in full before anything starts: every fault is found and told together, those of the data included.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import UserError
from .names import ARMS, BENCHMARKS, ONLY, STRATEGIES
from .records import Usage

CACHED_RATIO = 0.1  # what a cached token costs of a computed one where no prices tell: assumed
EPOCHS = 3.0  # passes where a study names neither epochs nor steps


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Benchmark(BaseModel):
    """A data family of the paper, generated. Keys beside name and seed are the benchmark's own options."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)
    name: Literal[BENCHMARKS]  # type: ignore[valid-type]
    """which family"""
    seed: int = Field(0, ge=0)
    """which world; recipes are tuned on worlds 0 to 9, results are reported on worlds 100 to 102"""


class Ingest(Section):
    """How documents are read."""

    chunk: int = Field(1200, ge=0)
    """letters at most in a document that is cut from a file, its title and headings not counted; no sentence that fits
    is cut, and none crosses a heading; 0 takes files whole. A row of .jsonl, .csv or .parquet is a document as it is"""
    text: str = "text"
    """the key or column that holds the text of a row"""
    dedupe: bool = False
    """leave out documents that repeat an earlier one, or nearly so (from 40 words on, four fifths of all sequences of
    five words); they are counted in any case, and ingest.json names them"""
    skip_unreadable: bool = False
    """leave out files and rows that cannot be read, and tell so, instead of stopping before anything is spent"""
    max_megabytes: float = Field(100, gt=0)
    """a larger file counts as unreadable, so that memory stays bounded"""


class Augment(Section):
    """How the model's own inferences are made."""

    strategies: list[Literal[STRATEGIES]] = ["reverse", "converse", "link"]  # type: ignore[valid-type]
    """what the model writes: each sentence on its own (rephrase, reverse, converse: comparisons), over several
    documents (link), about a document (pairs, study, implications, questions), or nothing new (permute: the sentences
    in another order); of task examples the inputs in other words (vary)"""
    model: str | None = None
    """the augmenting model; the tuned one if not given; named as `model` is"""
    samples: int = Field(2, ge=1)
    """texts for each document and strategy; different samples follow different worked examples"""
    temperature: float = Field(0.0, ge=0)
    """0 takes the likeliest words"""
    style: Literal["auto", "examples", "chat"] = "auto"
    """prompts by worked examples or as chat; auto: by what preflight measures"""


class Train(Section):
    """Training, the same for every arm."""

    method: Literal["auto", "full", "lora"] = "auto"
    """auto: full below one billion parameters, else LoRA"""
    epochs: float | None = Field(None, gt=0)
    """passes over an arm's texts; 3 if neither epochs nor steps is given"""
    steps: int | None = Field(None, ge=1)
    """optimizer steps, instead of epochs"""
    batch_size: int = Field(16, ge=1)
    """texts in an optimizer step"""
    learning_rate: float | None = Field(None, gt=0)
    """2e-4 for full, 1e-3 for LoRA if not given; linear decay after a short warm-up"""
    splitting: Literal["none", "independent", "cumulative"] = "none"
    """a document of n sentences is one text, or n: each alone, or each after those before it"""
    rank: int = Field(32, ge=1)
    """LoRA's rank; its scale is twice that"""
    match: Literal["none", "steps", "tokens", "validation"] = "none"
    """how arms are made equal. none: each takes `epochs` over its own texts; steps or tokens: each as many as the arm
    that takes most, so that the others see their texts more often; validation: each stops after the pass that does best
    on validation questions"""
    replay: float = Field(0.0, ge=0, lt=1)
    """share of general text mixed in, against forgetting"""

    @model_validator(mode="after")
    def _one_length(self) -> Train:
        if self.epochs is not None and self.steps is not None:
            raise ValueError("give epochs or steps, not both")
        return self


class Rag(Section):
    """What arm rag puts before a question: the passages nearest to the question's prompt."""

    k: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    """how many passages; auto: by validation questions, in at most an eighth of the window"""
    chunk: Literal["auto"] | Annotated[int, Field(ge=0)] = "auto"
    """longest passage in tokens; 0: documents stay whole; auto: by validation questions, if documents are long"""
    by: str = "bm25"
    """`bm25`, or an embedding model for sentence-transformers: a hub id or a folder"""
    language: str = "english"
    """whose word endings bm25 leaves out, or none"""


class Evaluate(Section):
    """Evaluation, the same for every arm."""

    normalization: Literal["none", "token", "byte", "char"] = "none"
    """what a choice's log-likelihood is divided by; fixed before results"""
    prompt: Literal["auto", "plain", "chat"] = "auto"
    """prompt form; auto: per arm, by validation questions"""
    icl_subsample: Literal["auto"] | int = "auto"
    """icl shows one in N documents; auto: by validation questions, at most half the window"""
    rag: Rag = Rag()
    max_tokens: int = Field(32, ge=1)
    """limit of an answer to a question without choices"""
    forgetting: bool = True
    """measure the likelihood of general text and some general questions, before training and after"""


class Budget(Section):
    """Hard limits; at a limit the run stops cleanly, and a higher one continues from there."""

    calls: int | None = Field(None, ge=1)
    """model calls"""
    tokens: int | None = Field(None, ge=1)
    """tokens read and written by model calls"""
    money: float | None = Field(None, gt=0)
    """what a server's calls cost by `prices`. Calls in flight at a limit (server.concurrency) are waited for, so that
    their tokens and money may go beyond"""


class Prices(Section):
    """Money per million tokens; without them costs are given in tokens, FLOPs and seconds."""

    input: float = Field(0.0, ge=0)
    """tokens computed"""
    cached: float | None = Field(None, ge=0)
    """tokens taken from a shared prefix; a tenth of input if not given"""
    output: float = Field(0.0, ge=0)
    """tokens written"""
    training: float = Field(0.0, ge=0)
    """tokens trained on"""

    def of(self, usage: Usage) -> float:
        """What reading and writing cost."""
        cached = self.input * CACHED_RATIO if self.cached is None else self.cached
        total = usage.tokens_in * self.input + usage.tokens_in_reused * cached + usage.tokens_out * self.output
        return total / 1e6


class Server(Section):
    """An OpenAI-compatible server, for models that are named server:NAME."""

    base_url: str | None = None
    """its address, for most servers up to /v1: http://localhost:8000/v1"""
    start: str | None = None
    """a command that is run if nothing answers there, and ended with augtune: vllm serve Qwen/Qwen3-4B --port 8000"""
    key_env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """the environment variable that holds its key; none is sent if not given"""
    concurrency: int = Field(8, ge=1)
    """calls in flight at a time"""
    per_minute: int | None = Field(None, ge=1)
    """most calls begun in a minute"""
    timeout: float = Field(120.0, gt=0)
    """seconds for an answer"""
    retries: int = Field(6, ge=0)
    """how often a call that failed is repeated (after 1, 2, 4 ... seconds, or what the server asks for)"""
    logprobs: Literal["auto", "echo", "none"] = "auto"
    """how it chooses among choices. echo: by the log-probabilities of an echoed prompt (/v1/completions); none: by an
    answer in words; auto: by what it has, asked once for each run folder"""
    window: int | None = Field(None, ge=64)
    """tokens that fit in the model's context; if not given, what the server tells, else 8192"""
    extra: dict[str, Any] = Field(default_factory=dict)
    """more fields for each call, {reasoning_effort: low}; null takes a field out"""

    @model_validator(mode="after")
    def _an_address_without_secrets(self) -> Server:
        if self.base_url is not None and not re.fullmatch(r"https?://[^\s]+", self.base_url):
            raise ValueError("base_url is no address that begins with http:// or https://")
        if "@" in (self.base_url or "") or "?" in (self.base_url or ""):
            raise ValueError("base_url may hold no user, password or key: name the variable that holds it as key_env")
        return self


class Verdict(Section):
    """By what an arm is recommended."""

    queries: int = Field(1000, ge=0)
    """how many queries are expected: among arms that are equally good, the cheapest at so many is taken"""
    margin: float = Field(0.02, ge=0)
    """how far from the best an arm may be and still count as equally good"""
    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """how much each split counts; 1 if not given"""
    caching: Literal["none", "prefix", "batch"] = "none"
    """what a query costs: alone with nothing cached, alone with the documents cached at the server's price, or as
    measured in this run's batch"""
    months: float = Field(1.0, gt=0)
    """in which the queries come"""
    updates_per_month: float = Field(0.0, ge=0)
    """how often the documents change: augmentation and training are then paid again"""


class Study(Section):
    """One study: the whole comparison."""

    name: str = Field(pattern=r"^[\w][\w.-]*$")
    """names the output folder: runs/NAME"""
    model: str = "embedded"
    """a hub id, a folder, or `embedded`; or server:NAME, the model NAME of the server that `server` tells of"""
    server: Server = Server()
    documents: Path | None = None
    """a file (.jsonl .csv .parquet .txt .md .html .pdf .docx .pptx), a folder with all in it, or a pattern such as
    docs/**/*.pdf"""
    questions: Path | None = None
    """a .jsonl, .csv or .parquet file"""
    ingest: Ingest = Ingest()
    benchmark: Benchmark | None = None
    """instead of documents and questions"""
    arms: list[str] = Field(default=["base", "icl", "finetune", "augmented"], min_length=1)
    """the ways to give the model the documents that are compared; ablations: local, global, only-STRATEGY, oracle;
    controls: control-instruction, control-unrelated"""
    augment: Augment = Augment()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    seeds: list[int] = Field(default=[0], min_length=1)
    """training is repeated with each; augmentations are made once, with the first"""
    budget: Budget = Budget()
    prices: Prices | None = None
    verdict: Verdict = Verdict()
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """what is computed in; auto: bfloat16 where this machine is clearly faster at it"""

    @model_validator(mode="after")
    def _one_source(self) -> Study:
        if self.benchmark and (self.documents or self.questions):
            raise ValueError("give benchmark, or documents and questions, not both")
        if not self.benchmark and not (self.documents and self.questions):
            raise ValueError("give documents and questions, or benchmark")
        if "oracle" in self.arms and not self.benchmark:
            raise ValueError("arm oracle needs a benchmark: only there true inferences are known")
        known = (*ARMS, *(f"{ONLY}{strategy}" for strategy in self.augment.strategies))
        if unknown := [arm for arm in self.arms if arm not in known]:
            raise ValueError(f"no arms: {', '.join(unknown)}; known with these strategies: {', '.join(known)}")
        if self.budget.money is not None and self.prices is None:
            raise ValueError("budget.money needs prices: give prices.input, prices.cached and prices.output")
        if len(set(self.arms)) < len(self.arms) or len(set(self.seeds)) < len(self.seeds):
            raise ValueError("arms and seeds are each named once")
        return self


@dataclass(frozen=True)
class Read:
    """A study as it was read. Where there are faults, `study` is what can be made of the rest, so that its data and
    model are checked all the same, or None."""

    study: Study | None
    faults: list[str]


def read_study(path: Path | None, overrides: Sequence[str] = (), **given: Any) -> Read:
    """The study of a YAML file with `key.key=value` overrides; `given` are keys from the command line. Relative paths
    of a file are relative to it."""
    where, raw, faults = str(path or "command line"), dict[str, Any](), list[str]()
    if path is not None:
        try:
            loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as e:
            return Read(None, [f"{path}: cannot be read ({e.strerror}); name a study file, see studies/ for examples"])
        except UnicodeDecodeError:
            return Read(None, [f"{path}: is not UTF-8 text"])
        except yaml.YAMLError as e:
            mark = getattr(e, "problem_mark", None)
            line = f":{mark.line + 1}" if mark else ""
            return Read(None, [f"{path}{line}: not valid YAML: {getattr(e, 'problem', None) or e}"])
        if not isinstance(loaded, dict):
            return Read(None, [f"{path}: a study is a mapping of keys, found {type(loaded).__name__}"])
        raw = {"name": path.stem, **loaded}
        for key in ("documents", "questions"):
            if isinstance(raw.get(key), str):
                raw[key] = str(path.parent / raw[key])
    raw |= {k: v for k, v in given.items() if v is not None}
    for item in overrides:
        if fault := _override(raw, item):
            faults.append(fault)
    try:
        return Read(Study.model_validate(raw), faults)
    except ValidationError as e:
        errors = sorted(e.errors(), key=lambda error: _line(path, [str(part) for part in error["loc"]]) or 0)
        faults += [_fault(where, error, path) for error in errors]
        wrong = {error["loc"][0] for error in e.errors() if error["loc"]}
        try:
            return Read(Study.model_validate({k: v for k, v in raw.items() if k not in wrong}), faults)
        except ValidationError:
            return Read(None, faults)


def load_study(path: Path | None, overrides: Sequence[str] = (), **given: Any) -> Study:
    """As read_study. Raises UserError with every fault."""
    read = read_study(path, overrides, **given)
    if read.faults or read.study is None:
        raise UserError(*read.faults)
    return read.study


def _override(raw: dict[str, Any], item: str) -> str | None:
    key, equals, value = item.partition("=")
    if not equals:
        return f"--set {item}: write key=value, for example --set train.epochs=2"
    *parents, last = key.split(".")
    for parent in parents:
        raw[parent] = dict(raw.get(parent) or {}) if isinstance(raw.get(parent) or {}, dict) else {}
        raw = raw[parent]
    try:
        raw[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        raw[last] = value
    return None


def _fault(where: str, error: Any, path: Path | None) -> str:
    location = [str(part) for part in error["loc"]]
    line = _line(path, location)
    place = f"{where}{f':{line}' if line else ''}: {'.'.join(location) or 'study'}"
    if error["type"] == "extra_forbidden":
        known = ", ".join(_keys(location[:-1]))
        return f"{place}: unknown key; known here: {known}"
    found = "" if error["type"] in ("missing", "value_error") else f", found {error['input']!r}"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}{found}"


def _keys(location: list[str]) -> list[str]:
    section: Any = Study
    for part in location:
        annotation = section.model_fields[part].annotation
        candidates = getattr(annotation, "__args__", (annotation,))
        section = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return list(section.model_fields)


def _line(path: Path | None, location: list[str]) -> int | None:
    """The line of a key in the file, if it stands there."""
    if path is None or not location:
        return None
    node = yaml.compose(path.read_text(encoding="utf-8"))
    line = None
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == part), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
    return line


def field_help() -> list[tuple[str, str, str]]:
    """(key, default, help) of every key of a study, sections flattened."""
    return _field_help(Study, "")


def _field_help(section: type[Section], before: str) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for key, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            rows += _field_help(kind, f"{before}{key}.")
        else:
            default = "required" if field.is_required() else str(field.get_default(call_default_factory=True))
            rows.append((f"{before}{key}", default, field.description or ""))
    return rows
