"""Phrase matching: many phrases at once, by a token trie, over normalised tokens.

Lexicons are data: `lexicons/NAME.toml`, each table key a label with a list of patterns. A pattern is
plain words with `(a|b c)` for alternatives, `[x]` for what may be left out, `..3` for up to three
words in between, `^` and `$` for a sentence's first and last token, and `{name}` for a list from the
file's `[lists]`. Words are normalised like speech (`text.normalise`), so "I'll" may be written so.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import product

from detectors.text import Line, tokenize

_PIECES = re.compile(r"\(|\)|\[|\]|\||\^|\$|\.\.\d+|\{\w+\}|[^\s()\[\]|^${}]+")
_ANY = "*"
_END = "$"
_START = "^"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Tokens `first` to `last` (inclusive) of a line match a phrase with this label."""

    label: str
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(slots=True)
class _Node:
    then: dict[str, _Node] = field(default_factory=dict)  # by token, `_ANY`, `_START` or `_END`
    lists: dict[str, _Node] = field(default_factory=dict)  # by the name of a list that stands here
    labels: set[str] = field(default_factory=set)

    def add(self, path: Iterable[str], label: str) -> None:
        node = self
        for key in path:
            edges = node.lists if key.startswith("{") else node.then
            node = edges.setdefault(key.strip("{}"), _Node())
        if node is self:
            raise ValueError(f"a phrase of {label!r} may be empty")
        node.labels.add(label)


class Lexicon:
    """Labelled phrases in one trie; immutable after construction."""

    def __init__(
        self, phrases: Mapping[str, Iterable[str]], lists: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        """Raises ValueError on a pattern that cannot be read, KeyError on an unknown list."""
        self._root = _Node()
        self._lists: dict[str, _Node] = {name: _Node() for name in lists or {}}
        self._groups: dict[tuple[tuple[str, ...], ...], str] = {}
        self.labels = frozenset(phrases)
        for name, patterns in (lists or {}).items():
            self._grow(self._lists[name], name, patterns)
        for label, patterns in phrases.items():
            self._grow(self._root, label, patterns)
        self._list_openers = {name: self._openers(node) for name, node in self._lists.items()}
        self._root_openers = self._openers(self._root)

    def find(self, line: Line, *labels: str) -> tuple[Match, ...]:
        """Every longest match per label and first token, in order; no match crosses a sentence's end."""
        if self not in line.known:
            line.known[self] = self._find(line)
        found: tuple[Match, ...] = line.known[self]
        return tuple(match for match in found if match.label in labels) if labels else found

    def has(self, line: Line, *labels: str) -> bool:
        return bool(self.find(line, *labels))

    def first(self, line: Line, *labels: str) -> Match | None:
        found = self.find(line, *labels)
        return found[0] if found else None

    def _grow(self, root: _Node, label: str, patterns: Iterable[str]) -> None:
        for pattern in patterns:
            for path in expand(pattern, self._group):
                for key in path:
                    if key.startswith("{") and key.strip("{}") not in self._lists:
                        raise KeyError(key)
                root.add(path, label)

    def _group(self, paths: _Paths) -> str:
        """The key of a list that holds a group's `paths`: written out, groups are multiplied."""
        key = tuple(sorted(set(paths)))
        if key not in self._groups:
            name = self._groups[key] = f"group {len(self._groups)}"
            self._lists[name] = _Node()
            for path in key:
                self._lists[name].add(path, name)
        return "{" + self._groups[key] + "}"

    def _find(self, line: Line) -> tuple[Match, ...]:
        texts, openers = line.texts, self._root_openers
        found: list[Match] = []
        for sentence in line.sentences:
            for first in range(sentence.first, sentence.last + 1):
                if openers is not None and texts[first] not in openers:
                    continue
                ends = self._matches(texts, first, opens=sentence.first, closes=sentence.last)
                found.extend(
                    Match(label=label, first=first, last=last) for label, last in sorted(ends.items())
                )
        return tuple(found)

    def _openers(self, node: _Node) -> frozenset[str] | None:
        """The tokens that anything behind `node` can begin with; None where that is every token."""
        found: set[str] = set(node.then) - {_START, _END}
        behind = [self._lists[name] for name in node.lists]
        behind += [node.then[_START]] if _START in node.then else []
        for opened in map(self._openers, behind):
            if opened is None:
                return None
            found |= opened
        return None if _ANY in found else frozenset(found)

    def _matches(self, texts: tuple[str, ...], first: int, *, opens: int, closes: int) -> dict[str, int]:
        """The furthest last token of each label's matches that begin at token `first`."""
        furthest: dict[str, int] = {}
        roots = [self._root]
        if first == opens and _START in self._root.then:
            roots.append(self._root.then[_START])
        for root in roots:
            for node, at in self._walk(root, texts, first, closes):
                for label in node.labels:
                    furthest[label] = max(furthest.get(label, -1), at - 1)
        return furthest

    def _walk(
        self, root: _Node, texts: tuple[str, ...], first: int, closes: int
    ) -> Iterator[tuple[_Node, int]]:
        """Every labelled node reached from `first`, with the token behind its match."""
        stack = [(root, first)]
        while stack:
            node, at = stack.pop()
            if node.labels and at > first:
                yield node, at
            if at > closes:
                if _END in node.then and at > first:
                    yield node.then[_END], at
                continue
            for key in (texts[at], _ANY):
                if key in node.then:
                    stack.append((node.then[key], at + 1))  # noqa: PERF401 (the stack is being walked)
            for name, behind in node.lists.items():
                openers = self._list_openers[name]
                if openers is not None and texts[at] not in openers:
                    continue
                ends = {end for _, end in self._walk(self._lists[name], texts, at, closes)}
                stack.extend((behind, end) for end in ends)


@cache
def lexicon(name: str) -> Lexicon:
    """The shipped lexicon `lexicons/NAME.toml`, every label of it."""
    data = tomllib.loads(files("detectors").joinpath(f"lexicons/{name}.toml").read_text(encoding="utf-8"))
    return Lexicon(data["phrases"], data.get("lists", {}))


@cache
def word_list(name: str, key: str) -> frozenset[str]:
    """The list `key` of `lexicons/NAME.toml`, each entry normalised and joined by single spaces."""
    data = tomllib.loads(files("detectors").joinpath(f"lexicons/{name}.toml").read_text(encoding="utf-8"))
    return frozenset(" ".join(tokenize(entry)) for entry in data["lists"][key])


@cache
def plain_words(name: str) -> frozenset[str]:
    """The words of `lexicons/NAME.txt`, in lower case; lines that begin with # are comments."""
    text = files("detectors").joinpath(f"lexicons/{name}.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())


_Paths = list[tuple[str, ...]]
_Group = Callable[[_Paths], str]
_GROUPED = 4
"""Groups of this many alternatives and more are kept as a list of their own."""


def expand(pattern: str, group: _Group | None = None) -> Iterator[tuple[str, ...]]:
    """Every token path a pattern stands for; raises ValueError when its brackets do not match.

    `group` makes a group of many alternatives into a list, and returns the key that stands for it.
    """
    paths, rest = _alternatives(_PIECES.findall(pattern), group)
    if rest:
        raise ValueError(f"brackets do not match in {pattern!r}")
    yield from dict.fromkeys(paths)


def _alternatives(pieces: list[str], group: _Group | None) -> tuple[_Paths, list[str]]:
    paths, rest = _sequence(pieces, group)
    while rest and rest[0] == "|":
        more, rest = _sequence(rest[1:], group)
        paths += more
    return paths, rest


def _sequence(pieces: list[str], group: _Group | None) -> tuple[_Paths, list[str]]:
    paths: _Paths = [()]
    rest = pieces
    while rest and rest[0] not in ("|", ")", "]"):
        options, rest = _item(rest, group)
        paths = [left + right for left, right in product(paths, options)]
    return paths, rest


def _item(pieces: list[str], group: _Group | None) -> tuple[_Paths, list[str]]:
    head, rest = pieces[0], pieces[1:]
    if head in ("(", "["):
        inside, rest = _alternatives(rest, group)
        if not rest or rest[0] != (")" if head == "(" else "]"):
            raise ValueError("brackets do not match")
        if group is not None and len(inside) >= _GROUPED and all(map(_may_be_grouped, inside)):
            inside = [(group(inside),)]
        return inside + ([()] if head == "[" else []), rest[1:]
    if head.startswith(".."):
        if not head[2:].isdecimal():
            raise ValueError("two dots need a number behind them, and nothing else")
        return [(_ANY,) * count for count in range(int(head[2:]) + 1)], rest
    if head in (_START, _END) or head.startswith("{"):
        return [(head,)], rest
    return [tokenize(head)], rest


def _may_be_grouped(path: tuple[str, ...]) -> bool:
    """A sentence's edges are found by the pattern itself only, and a list's entry cannot be empty."""
    return bool(path) and _START not in path and _END not in path
