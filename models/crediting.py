"""Nothing is credited that nobody said: which recognised words are held back, and why (pure).

Whisper's favourite inventions on near-silence are courtesy phrases, which would be scored as good manners.
A word counts only with voice under it on the speaker's own channel and with enough confidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, log

from models.decoding import plain
from streaming.events import HoldReason, Seconds, Word
from streaming.ports import HeldWords

Stretch = tuple[Seconds, Seconds]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRules:
    """When a word is not believed.

    `slack`: alignment by cross-attention is off by up to about 0.2 s at the edges of speech. Confidences
    are mean token probabilities from an unprompted pass, so a hint cannot raise them; a hinted name needs
    `hint_confidence`, and as a whole utterance `hint_alone` (an invented "Nguyen." had 0.33). Several
    words are judged by the geometric mean, for an invention begins improbably and then follows of itself
    ("Thank" 0.02, "you" 0.97 on clicks; sentences invented on noise lie below 0.2, telephone speech above
    0.3). What is a stock phrase needs more: `stock_confidence`, and as a whole utterance also
    `stock_voiced` seconds of voice and a level over `stock_level` dBFS. One spoken for real has all three.
    """

    slack: Seconds = 0.2
    min_confidence: float = 0.05
    min_mean_confidence: float = 0.22
    hint_confidence: float = 0.15
    hint_alone: float = 0.5
    stock_confidence: float = 0.4
    stock_first: float = 0.25
    stock_voiced: Seconds = 0.2
    stock_level: float = -55.0
    stock_no_speech: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known of the utterance besides its words; `level` is the voiced audio's RMS in dBFS."""

    voiced: tuple[Stretch, ...]
    hints: tuple[str, ...] = ()
    no_speech: float = 0.0
    level: float = -20.0


DEFAULT_RULES = CreditRules()

STOCK_PHRASES: frozenset[str] = frozenset(
    plain(phrase)
    for phrase in (
        "you",
        "thank you",
        "thanks",
        "okay thanks",
        "okay thank you",
        "all right thank you",
        "thank you so much",
        "thank you very much",
        "thank you for watching",
        "thanks for watching",
        "thank you for listening",
        "thanks for listening",
        "thank you bye",
        "thank you bye bye",
        "bye",
        "bye bye",
        "okay bye",
        "thanks bye",
        "goodbye",
        "see you next time",
        "see you in the next video",
        "see you later",
        "i'll see you next time",
        "please subscribe",
        "please subscribe to my channel",
        "don't forget to subscribe",
        "like and subscribe",
        "subtitles by the amara org community",
        "subtitles by",
        "transcription by castingwords",
        "captions by",
        "the end",
        "i'm sorry",
        "sorry",
        "please",
    )
)
"""What Whisper writes on silence and noise; many are also said for real: they are only looked at harder."""

NEVER_SAID: tuple[str, ...] = tuple(
    plain(phrase)
    for phrase in (
        "thanks for watching",
        "thank you for watching",
        "amara org",
        "castingwords",
        "please subscribe",
        "see you in the next video",
        "subtitles by",
        "like and subscribe",
    )
)
"""Video and subtitle credits: nobody says them on a service call, however sure the recogniser is."""


def credit(
    words: Sequence[Word], circumstances: Circumstances, rules: CreditRules = DEFAULT_RULES
) -> tuple[tuple[Word, ...], tuple[HeldWords, ...]]:
    """Splits timed words (stream seconds) into the credited ones, in order, and the held-back ones."""
    reasons: list[HoldReason | None] = [
        None if overlaps(word, circumstances.voiced, rules.slack) else "no_voice" for word in words
    ]
    whole = _whole_reason([w for w, r in zip(words, reasons, strict=True) if r is None], circumstances, rules)
    for sentence in sentences(words):
        stock = _stock_sentence([(words[i], reasons[i]) for i in sentence], rules)
        for i in sentence:
            reasons[i] = reasons[i] or whole or stock or _word_reason(words[i], circumstances.hints, rules)
    held = [(word, reason) for word, reason in zip(words, reasons, strict=True) if reason is not None]
    kept = (word for word, reason in zip(words, reasons, strict=True) if reason is None)
    return tuple(snap(word, circumstances.voiced) for word in kept), group_held(held)


def geometric_mean(words: Sequence[Word]) -> float:
    """Of the words' confidences, 0 to 1; 0 for no words."""
    if not words:
        return 0.0
    return exp(sum(log(max(word.confidence, 1e-4)) for word in words) / len(words))


def sentences(words: Sequence[Word]) -> list[list[int]]:
    """The words' indexes, grouped by the sentences that their punctuation shows."""
    groups: list[list[int]] = [[]]
    for i, word in enumerate(words):
        groups[-1].append(i)
        if word.text.endswith((".", "!", "?")):
            groups.append([])
    return [group for group in groups if group]


def group_held(held: Iterable[tuple[Word, HoldReason]]) -> tuple[HeldWords, ...]:
    """Neighbours with the same reason become one entry."""
    groups: list[HeldWords] = []
    for word, reason in held:
        if groups and groups[-1].reason == reason:
            groups[-1] = replace(groups[-1], words=(*groups[-1].words, word))
        else:
            groups.append(HeldWords(words=(word,), reason=reason))
    return tuple(groups)


def snap(word: Word, voiced: Sequence[Stretch], *, margin: Seconds = 0.1) -> Word:
    """Pulls a word's ends out of the silence beside it: attention smears first and last words."""
    touching = [stretch for stretch in voiced if stretch[0] < word.end and stretch[1] > word.start]
    if not touching:
        return word
    start = max(word.start, touching[0][0] - margin)
    end = min(word.end, touching[-1][1] + margin)
    return replace(word, start=round(start, 3), end=round(max(end, start), 3))


def overlaps(word: Word, voiced: Sequence[Stretch], slack: Seconds) -> bool:
    return any(start - slack <= word.end and end + slack >= word.start for start, end in voiced)


def _word_reason(word: Word, hints: Sequence[str], rules: CreditRules) -> HoldReason | None:
    if word.confidence < rules.hint_confidence and _is_hint(word, hints):
        return "prompt_echo"
    return "low_confidence" if word.confidence < rules.min_confidence else None


def _stock_sentence(
    sentence: Sequence[tuple[Word, HoldReason | None]], rules: CreditRules
) -> HoldReason | None:
    """Half a stock phrase over silence is no better than a whole one."""
    words = [word for word, _ in sentence]
    if plain("".join(word.text for word in words)) not in STOCK_PHRASES:
        return None
    unheard = any(reason is not None for _, reason in sentence)
    unsure = words[0].confidence < rules.stock_first or geometric_mean(words) < rules.stock_confidence
    return "stock_phrase" if unheard or unsure else None


def _is_hint(word: Word, hints: Sequence[str]) -> bool:
    text = plain(word.text)
    return bool(text) and any(
        text in (plain(part), plain(part) + "s") for hint in hints for part in hint.split()
    )


def _whole_reason(
    words: Sequence[Word], circumstances: Circumstances, rules: CreditRules
) -> HoldReason | None:
    """Why none of it is believed, or None."""
    if not words:
        return None
    text = plain("".join(word.text for word in words))
    mean = geometric_mean(words)
    if any(phrase in text for phrase in NEVER_SAID):
        return "stock_phrase"
    if text in STOCK_PHRASES and not _well_supported(mean, circumstances, rules):
        return "stock_phrase"
    hinted = {plain(part) for hint in circumstances.hints for part in hint.split()}
    if all(plain(word.text) in hinted for word in words) and mean < rules.hint_alone:
        return "prompt_echo"
    return "low_confidence" if mean < rules.min_mean_confidence else None


def _well_supported(mean: float, circumstances: Circumstances, rules: CreditRules) -> bool:
    voiced = sum(end - start for start, end in circumstances.voiced)
    return (
        mean >= rules.stock_confidence
        and voiced >= rules.stock_voiced
        and circumstances.level >= rules.stock_level
        and circumstances.no_speech < rules.stock_no_speech
    )
