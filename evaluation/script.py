"""Labelled calls as text: the `.call` form of LABELS.md, read into dataclasses with errors that say where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from evaluation.labels import CODES, DERIVED, UNSIGNED
from streaming.errors import ConfigError
from streaming.events import Party, Seconds

DEFAULT_GAP: Seconds = 0.4
HEADER = ("id", "domain", "temper", "agent", "customer", "name_known")

_TURN = re.compile(r"^([AC])(?:\s+([+-]\d+(?:\.\d+)?))?:\s*(.*)$")
_SILENCE = re.compile(r"^(?:…|\.\.\.)\s*(\d+(?:\.\d+)?)(\s+music)?$")
_BACK_CHANNEL = re.compile(r"\[([^\]]*)\]")
_INSIDE = re.compile(r"^([AC]):\s*(\S.*)$")
_PERSON = re.compile(r"^(.+?)\s*\((f|m),\s*(us|uk)\)$")
_PARTIES = {"A": Party.AGENT, "C": Party.CUSTOMER}


class ScriptError(ConfigError):
    """A labelled call is not as LABELS.md says; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    sex: Literal["f", "m"]
    accent: Literal["us", "uk"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A label on a turn: its code without "~", the words it points at ("" for the turn), and doubt."""

    code: str
    words: str = ""
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class BackChannel:
    """What the other party says without taking the floor, over the turn from its word `word` (0-based) on."""

    speaker: Party
    text: str
    word: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn. It starts `silence` + `gap` seconds behind the end of the turn before (negative: over it)."""

    number: int  # from 0
    line: int  # in the file, from 1
    speaker: Party
    text: str  # as written, without back-channels and the "--" of a turn that is cut off
    gap: Seconds
    silence: Seconds = 0.0
    music: bool = False  # the silence in front is hold music
    cut_off: bool = False
    back_channels: tuple[BackChannel, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What is spoken, a word each with its punctuation; a dash alone is no word."""
        return spoken(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A labelled call as written."""

    name: str  # of the file, without its suffix
    id: str
    domain: str
    temper: str
    agent: Person
    customer: Person
    name_known: bool
    turns: tuple[Turn, ...]
    tail: Seconds = 0.0  # silence behind the last turn
    tail_music: bool = False


def spoken(text: str) -> tuple[str, ...]:
    """The words of a text that are said: runs without a letter or digit are not."""
    return tuple(word for word in text.split() if any(letter.isalnum() for letter in word))


def read_call(path: Path) -> Call:
    """Raises `ScriptError`, or OSError where the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ScriptError(f"{path}: not UTF-8 text") from error
    return parse_call(text, name=path.stem, where=str(path))


def parse_call(text: str, *, name: str, where: str | None = None) -> Call:
    """`where` is put before each error's line number; default: `name`."""
    reader = _Reader(where or name)
    for number, line in enumerate(text.splitlines(), start=1):
        reader.take(number, line.strip())
    return reader.call(name)


@dataclass(slots=True)
class _Reader:
    where: str
    header: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    in_header: bool = True
    silence: Seconds = 0.0
    music: bool = False

    def fail(self, number: int, what: str) -> ScriptError:
        return ScriptError(f"{self.where}:{number}: {what}")

    def take(self, number: int, line: str) -> None:
        if not line:
            self.in_header = self.in_header and not self.header
        elif self.in_header:
            self._header(number, line)
        elif silence := _SILENCE.match(line):
            self.silence += float(silence[1])
            self.music = self.music or bool(silence[2])
        else:
            self.turns.append(self._turn(number, line))
            self.silence, self.music = 0.0, False

    def call(self, name: str) -> Call:
        missing = [key for key in HEADER if key not in self.header]
        if missing:
            raise self.fail(1, f"the header lacks {', '.join(missing)} (an empty line ends the header)")
        if not self.turns:
            raise self.fail(1, "no turns behind the header")
        known = self.header["name_known"]
        if known not in ("yes", "no"):
            raise self.fail(self.lines["name_known"], "name_known is yes or no")
        return Call(
            name=name,
            id=self.header["id"],
            domain=self.header["domain"],
            temper=self.header["temper"],
            agent=self._person("agent"),
            customer=self._person("customer"),
            name_known=known == "yes",
            turns=tuple(self.turns),
            tail=self.silence,
            tail_music=self.music,
        )

    def _header(self, number: int, line: str) -> None:
        key, colon, value = line.partition(":")
        if not colon or key not in HEADER:
            raise self.fail(number, f"not a header line; its keys are {', '.join(HEADER)}")
        if key in self.header:
            raise self.fail(number, f"{key} stands twice in the header")
        self.header[key], self.lines[key] = value.strip(), number

    def _person(self, key: str) -> Person:
        found = _PERSON.match(self.header[key])
        if found is None:
            raise self.fail(self.lines[key], f'{key} must be as "First Last (f, uk)": f or m, us or uk')
        return Person(found[1], "f" if found[2] == "f" else "m", "us" if found[3] == "us" else "uk")

    def _turn(self, number: int, line: str) -> Turn:
        found = _TURN.match(line)
        if found is None:
            raise self.fail(number, 'not a turn: "A: …", "C +1.5: …", or a silence "…8"')
        speaker = _PARTIES[found[1]]
        said, bar, labels = found[3].rpartition(" | ")
        if not bar:
            said, labels = found[3].removesuffix(" |"), ""
        text, back_channels = self._back_channels(number, speaker, said.strip())
        cut_off = text.endswith("--")
        text = text.removesuffix("--").rstrip()
        if not spoken(text):
            raise self.fail(number, "a turn without words")
        return Turn(
            number=len(self.turns),
            line=number,
            speaker=speaker,
            text=text,
            gap=self._gap(found[2]),
            silence=self.silence,
            music=self.music,
            cut_off=cut_off,
            back_channels=back_channels,
            marks=tuple(self._marks(number, speaker, labels)),
        )

    def _gap(self, written: str | None) -> Seconds:
        if written is not None:
            return float(written)
        return DEFAULT_GAP if self.turns and not self.silence else 0.0

    def _back_channels(self, number: int, speaker: Party, said: str) -> tuple[str, tuple[BackChannel, ...]]:
        text, found = "", []
        rest = 0
        for bracket in _BACK_CHANNEL.finditer(said):
            text += said[rest : bracket.start()]
            rest = bracket.end()
            inside = _INSIDE.match(bracket[1])
            if inside is None or _PARTIES[inside[1]] is speaker:
                other = "C" if speaker is Party.AGENT else "A"
                raise self.fail(number, f'brackets hold the other party\'s back-channel: "[{other}: mm-hmm]"')
            found.append(BackChannel(speaker.other, inside[2], len(spoken(text))))
        return " ".join((text + said[rest:]).split()), tuple(found)

    def _marks(self, number: int, speaker: Party, labels: str) -> Iterator[Mark]:
        for label in labels.split():
            bare = label.removeprefix("~")
            code, _, words = bare.partition("=")
            unsure = bare != label
            meaning = CODES.get(UNSIGNED.get(code, code))
            if meaning is None or code in DERIVED or (code in UNSIGNED and not unsure):
                raise self.fail(number, f"unknown label {code!r}; the codes are in evaluation/LABELS.md")
            if meaning.on is not speaker:
                raise self.fail(number, f"the label {code!r} belongs on the {meaning.on.value}'s turns")
            yield Mark(code, words.replace("_", " "), unsure)
