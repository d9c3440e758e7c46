"""emotion.abuse: the customer insults or curses at the agent. A fact of the call that judges nobody.

Said of a thing ("this damn router"), of somebody else ("my brother is an idiot") or of oneself it is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from detectors.cues import abusive
from detectors.emotion_part import Part
from detectors.frustration import Cue
from detectors.text import Line
from streaming.events import Detection, Party, Verdict

ABUSE = "emotion.abuse"
_ONE = 0.75
_MORE = 0.9


class Abuse(Part):
    """One detection a line, whatever it holds of insults."""

    def heard(self, line: Line, cue: Cue) -> Iterator[Detection]:
        found = abusive(line)
        if not found:
            return
        yield self.judge.detect(
            ABUSE,
            Verdict.OBSERVED,
            where=line.id,
            start=line.start,
            end=line.end,
            at=max(self.talk.now, line.end),
            confidence=_ONE if len(found) == 1 else _MORE,
            evidence=tuple(dict.fromkeys(line.evidence(one.first, one.last) for one in found)),
            note="The customer insults the agent or curses at the agent.",
            speaker=Party.CUSTOMER,
        )
