"""`python -m evaluation.learn`: trains the turn reader on the written calls of ``calls/train``.

Runs in an environment of its own, with ``torch==2.13.0 transformers safetensors`` besides callcue (about 20
minutes on two cores), and writes what `models.turns` ships. The calls were written for this alone, by
writers who saw neither a detector nor any other labelled call; every fifth of them was put aside as
``calls/tune``, for thresholds. Nothing of `dev` or of what is held out is looked at.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.turns import BEFORE
from evaluation.script import Call, Turn, read_call
from evaluation.sets import CALLS
from models import turns as reader
from models.meaning import plain
from streaming.events import Party

LEARNT = Path(reader.__file__).parent / "learnt"
AGENT = (
    "leak",
    "steady",
    "curt",
    "ask-",
    "ask+",
    "empathy+",
    "empathy-",
    "own+",
    "own-",
    "neg",
    "pos",
    "will+",
    "esc-",
    "esc+",
    "next",
    "check",
    "settled+",
    "thanks",
    "sorry",
    "please",
    "close+",
    "greet+",
    "offer",
    "took",
    "missed",
)
CUSTOMER = ("frus", "ease", "effort", "wants-boss", "abuse", "settled", "cue")
LABELS = (*AGENT, *CUSTOMER)
"""Codes of LABELS.md; `took` and `missed` are the customer's `ack+` and `ack-`, of the agent's answer."""

FROZEN = 3
"""Layers, from below, that stay as the sentence encoder has them."""

EPOCHS, RATE, BATCH, DROPOUT = 5, 1.5e-4, 32, 0.1
_RAREST = 6.0  # how many times a rare class may weigh before the square root
_POOL = 16  # batches whose items are sorted by length together, so that little is padded
_UNSURE = -1.0

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Item:
    """One turn as it is read; `sides` is 1, 0 or (where a fair judge may differ) -1 a label."""

    before: str
    text: str
    sides: Floats


def items(calls: Sequence[Call]) -> list[Item]:
    return [_item(call, turn) for call in calls for turn in call.turns]


def _item(call: Call, turn: Turn) -> Item:
    before = call.turns[max(0, turn.number - BEFORE) : turn.number]
    context = reader.BETWEEN.join(plain(_said(one)) for one in before)
    return Item(context, plain(_said(turn)), _sides(turn, before[-1] if before else None))


def _said(turn: Turn) -> str:
    return f"{turn.speaker}: {turn.text}"


def _sides(turn: Turn, before: Turn | None) -> Floats:
    """What does not concern a speaker is unsure too: it is neither learnt nor unlearnt there."""
    codes = AGENT if turn.speaker is Party.AGENT else CUSTOMER
    sides = np.full(len(LABELS), _UNSURE, np.float32)
    for code in codes:
        sides[LABELS.index(code)] = 0.0
    marks = {mark.code: mark.unsure for mark in turn.marks if mark.code in codes}
    if turn.speaker is Party.AGENT and before is not None and before.speaker is Party.CUSTOMER:
        stated = {mark.code: mark.unsure for mark in before.marks if mark.code.startswith("ack")}
        marks |= {{"ack+": "took", "ack-": "missed"}.get(code, ""): of for code, of in stated.items()}
        if any(stated.values()):
            marks |= {"took": True, "missed": True}
    for code, unsure in marks.items():
        if code:
            sides[LABELS.index(code)] = _UNSURE if unsure else 1.0
    return sides


def train(data: Sequence[Item], start: Path, *, seed: int = 0) -> Any:
    """A torch network over the sentence encoder whose files lie in `start`."""
    torch: Any = import_module("torch")
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    chance = random.Random(seed)  # noqa: S311 (no secret)
    network, head = _network(start)
    coded = _coded(data, start)
    sides = torch.tensor(np.stack([one.sides for one in data]))
    weight = ((sides == 0).sum(0) / (sides == 1).sum(0).clamp(min=1)).clamp(1, _RAREST).sqrt()
    learning = [one for one in network.parameters() if one.requires_grad]
    groups = [{"params": learning, "lr": RATE}, {"params": head.parameters(), "lr": 10 * RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = EPOCHS * math.ceil(len(data) / BATCH)
    pace = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, step / (0.1 * steps + 1)) * max(0.0, 1.0 - step / steps)
    )
    loss_of = torch.nn.functional.binary_cross_entropy_with_logits
    dropout = torch.nn.Dropout(DROPOUT)
    network.train()
    for epoch in range(EPOCHS):
        began, total = time.monotonic(), 0.0
        for batch in _batches(coded, chance):
            told = sides[batch]
            known = (told >= 0).float()
            out = head(dropout(_pooled(torch, network, [coded[one] for one in batch])))
            loss = loss_of(out, told.clamp(min=0), weight=known, pos_weight=weight, reduction="sum")
            loss = loss / known.sum()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learning, 1.0)
            optimiser.step()
            pace.step()
            total += float(loss.detach()) * len(batch)
        took = time.monotonic() - began
        sys.stderr.write(f"epoch {epoch + 1}: loss {total / len(data):.4f}, {took:.0f} s\n")
    network.eval()
    return network, head


def _network(start: Path) -> tuple[Any, Any]:
    torch: Any = import_module("torch")
    bert: Any = import_module("transformers")
    weights = import_module("safetensors.torch").load_file(str(start / "model.safetensors"))
    network = bert.BertModel(bert.BertConfig.from_pretrained(str(start)), add_pooling_layer=False)
    network.load_state_dict(
        {name: one for name, one in weights.items() if "pooler" not in name}, strict=False
    )
    for part in (network.embeddings, *network.encoder.layer[:FROZEN]):
        for one in part.parameters():
            one.requires_grad = False
    return network, torch.nn.Linear(network.config.hidden_size, len(LABELS))


def _coded(data: Sequence[Item], start: Path) -> list[tuple[list[int], list[int]]]:
    tokenizer = import_module("tokenizers").Tokenizer.from_file(str(start / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    return [reader.encode(tokenizer, one.before, one.text, start=first, end=last) for one in data]


def _batches(coded: Sequence[tuple[list[int], list[int]]], chance: random.Random) -> Iterator[list[int]]:
    order = list(range(len(coded)))
    chance.shuffle(order)
    pools = [order[at : at + BATCH * _POOL] for at in range(0, len(order), BATCH * _POOL)]
    order = [one for pool in pools for one in sorted(pool, key=lambda index: len(coded[index][0]))]
    batches = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    chance.shuffle(batches)
    yield from batches


def _pooled(torch: Any, network: Any, coded: Sequence[tuple[list[int], list[int]]]) -> Any:
    """The mean over the turn's own tokens, as `models.turns` takes it; shape (batch, d)."""
    longest = max(len(ids) for ids, _ in coded)
    ids, types, mask = (torch.zeros(len(coded), longest, dtype=torch.long) for _ in range(3))
    for row, (tokens, kinds) in enumerate(coded):
        ids[row, : len(tokens)], types[row, : len(tokens)] = torch.tensor(tokens), torch.tensor(kinds)
        mask[row, : len(tokens)] = 1
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = network(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state
    own = types.unsqueeze(-1).float()
    return (hidden.float() * own).sum(1) / own.sum(1)


def export(network: Any, head: Any, folder: Path, trained_on: int) -> None:
    """Matrices as int8 with a scale a row: what CTranslate2 would make of them."""
    kept: dict[str, NDArray[Any]] = {}
    for name, tensor in network.state_dict().items():
        layer = name.removeprefix("encoder.layer.").partition(".")[0]
        if not name.startswith("encoder.layer.") or int(layer) < FROZEN:
            continue
        data = tensor.float().numpy()
        if data.ndim == 2:
            scale = np.maximum(np.abs(data).max(axis=1), 1e-12) / 127
            kept[name], kept[f"{name}.scale"] = np.rint(data / scale[:, None]).astype(np.int8), scale
        else:
            kept[name] = data
    kept["head.weight"], kept["head.bias"] = (one.detach().numpy() for one in (head.weight, head.bias))
    folder.mkdir(exist_ok=True)
    import_module("safetensors.numpy").save_file(kept, str(folder / "turns.safetensors"))
    facts = {"labels": list(LABELS), "turns": trained_on}
    (folder / "turns.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evaluation.learn", description=__doc__)
    parser.add_argument("start", type=Path, help="folder with the sentence encoder's model.safetensors")
    parser.add_argument("--out", type=Path, default=LEARNT)
    asked = parser.parse_args()
    data = items([read_call(path) for path in sorted((CALLS / "train").glob("*.call"))])
    network, head = train(data, asked.start)
    export(network, head, asked.out, len(data))


if __name__ == "__main__":
    main()
