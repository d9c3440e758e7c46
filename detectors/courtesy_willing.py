"""Readiness to help: the call's request is met with a willing word before the procedure starts."""

from __future__ import annotations

from collections.abc import Iterable

from detectors.base import Judge
from detectors.courtesy_nouns import is_verbless
from detectors.courtesy_part import Part, Reading
from detectors.floor import Floor
from detectors.lexicon import word_list
from detectors.meaning import examples, likeness
from detectors.text import Line
from streaming.events import Detection, Evidence, Party, Seconds, Verdict

_ID = "courtesy.willingness"
_A_REASON = 3  # tokens: the customer's first clause this long says why they call, however it is put
_ANY_REASON = 7  # tokens: likewise where neither party is in it
_PERSONS = frozenset({"i", "my", "me", "we", "our", "us", "you", "your"})
_OVERLAP = 0.3  # seconds: an agent who speaks into the customer's line had, or has taken, the floor
_READY = frozenset({"will", "can", "shall", "am", "are"})
_SURELY = frozenset(
    {
        "certainly",
        "definitely",
        "absolutely",
        "surely",
        "gladly",
        "just",
        "also",
        "sure",
        "even",
        "totally",
        "both",
    }
)
_Span = tuple[int, int]
_LISTENING = 2  # tokens: so few take no turn, whatever word a "mm-hm" was heard as


class Willingness(Part):
    """One judgement a call, of the request it is about. A demand in answer is missed at once; otherwise the
    agent has a few turns: hearing the problem out, or feeling for it, is no lack of will."""

    def __init__(self, judge: Judge, floor: Floor) -> None:
        super().__init__(judge, floor)
        self._turns = int(judge.threshold(_ID, "turns"))
        self._seconds = judge.threshold(_ID, "answer_seconds")
        self._meant = judge.threshold(_ID, "meaning")
        self._like = likeness(examples("courtesy", "ready"), judge.policy.meaning)
        self._request: tuple[Line, _Span] | None = None  # and the tokens that ask
        self._clear = False  # the customer said in so many words what is wanted
        self._answers: list[Line] = []
        self._taken = 0  # agent turns since the request
        self._agent_has_floor = False
        self._done = False

    def heard(self, reading: Reading) -> Iterable[Detection]:
        if self._done:
            return ()
        if not reading.by_agent:
            return self._customer(reading)
        if self._request is None:
            return ()
        shown = _ready(reading) or self._in_other_words(reading.line)
        if reading.slight and shown is None:
            return ()
        line = reading.line
        self._answers.append(line)
        if shown is not None:
            return self._judge(Verdict.DELIVERED, line.end, shown)
        takes = len(line.tokens) > _LISTENING or bool(reading.asks)
        if takes and not self._agent_has_floor and not reading.does("apology"):
            self._agent_has_floor = True
            self._taken += 1
        spoken = sum(answer.end - answer.start for answer in self._answers)
        if any(ask.form == "demand" for ask in reading.asks) or spoken >= self._seconds:
            return self._judge(Verdict.MISSED, line.end)
        return ()

    def finish(self, at: Seconds) -> Iterable[Detection]:
        return self._judge(Verdict.MISSED, at) if self._answers and not self._done else ()

    def _customer(self, reading: Reading) -> Iterable[Detection]:
        agent_since = self.floor.speaking(Party.AGENT)
        over = agent_since is not None and agent_since < reading.line.end - _OVERLAP
        if reading.slight or over:
            return ()  # an interjection takes no turn
        self._agent_has_floor = False
        wanted = self._wanted(reading)
        if wanted is not None:
            self._request, self._answers, self._taken = (reading.line, wanted), [], 0
        elif self._request and self._taken >= self._turns:
            return self._judge(Verdict.MISSED, reading.line.end)
        return ()

    def _in_other_words(self, line: Line) -> _Span | None:
        best = self._like.best(line)
        if best is None or best.piece.asked or best.piece.negated or best.score < self._meant:
            return None
        return best.piece.first, best.piece.last

    def _wanted(self, reading: Reading) -> _Span | None:
        """The tokens that ask for something; until that is clear, the call's reason however it is put."""
        if self._clear:
            return None
        for match in reading.of("wants"):
            if not any(
                one.first <= match.last and match.first <= one.last for one in reading.of("not_wants")
            ):
                self._clear = True
                return match.first, match.last
        last = len(reading.line.tokens) - 1
        texts = reading.line.texts
        concerns = bool(_PERSONS & set(texts)) and not is_verbless(texts)
        a_reason = (
            last + 1 >= (_A_REASON if concerns else _ANY_REASON)
            and not reading.has("no_reason")
            and not reading.does("thanks")
        )
        return (0, last) if self._request is None and a_reason else None

    def _judge(self, verdict: Verdict, at: Seconds, shown: _Span | None = None) -> tuple[Detection, ...]:
        request, answers = self._request, self._answers
        self._done = True
        if request is None or not answers:
            return ()
        line, asked = request
        if verdict is Verdict.MISSED and self.floor.missing(line.end, answers[-1].end, Party.AGENT):
            return ()
        answer: Evidence = answers[-1].evidence(*shown) if shown else answers[0].whole()
        return (
            self.judge.detect(
                _ID,
                verdict,
                where=line.id,
                start=answers[0].start,
                end=answers[-1].end,
                at=max(at, answers[-1].end),
                confidence=0.85 if shown else 0.7,
                evidence=(line.evidence(*asked), answer),
                note="The request is met with readiness to help."
                if shown
                else "The request leaves room for a word of readiness before the procedure.",
            ),
        )


def _ready(reading: Reading) -> _Span | None:
    """The words that show will: a willing phrase, or what the agent says to be going to do."""
    excused = [(one.first, one.last) for one in reading.of("not_willing")]
    said = [(one.first, one.last) for one in reading.of("willing", "welcome")]
    said += _promises(reading.line)
    clear = (span for span in said if not any(a <= span[1] and span[0] <= b for a, b in excused))
    return min(clear, default=None)


def _promises(line: Line) -> Iterable[_Span]:
    """ "I will look", "we can certainly change", "I'm going to find": not "I can see", "we will need"."""
    texts, no = line.texts, word_list("courtesy", "no_promise")
    for at in range(len(texts) - 2):
        if texts[at] not in {"i", "we"} or texts[at + 1] not in _READY:
            continue
        verb = at + 2
        if texts[at + 1] in {"am", "are"}:
            if texts[verb : verb + 2] != ("going", "to"):
                continue
            verb += 2
        while verb < len(texts) and texts[verb] in _SURELY:
            verb += 1
        if verb < len(texts) and texts[verb] not in no:
            yield at, verb
