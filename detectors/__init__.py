"""Behaviour detectors: pure, synchronous judges of a call's events."""

from __future__ import annotations

from collections.abc import Mapping

from detectors.acknowledgement import Acknowledgement
from detectors.conversation import Conversation
from detectors.courtesy import Courtesy
from detectors.emotion import Emotion
from detectors.flatness import Flatness
from detectors.names import Names
from detectors.opinions import COURTESY, EMOTION, SERVICE
from detectors.second import Opinion, with_second_opinion
from detectors.service import Service
from streaming.ports import DetectorFactory

JUDGES: Mapping[str, tuple[DetectorFactory, tuple[Opinion, ...]]] = {
    "courtesy": (Courtesy, COURTESY),
    "names": (Names, ()),
    "acknowledgement": (Acknowledgement, ()),
    "conversation": (Conversation, ()),
    "flatness": (Flatness, ()),
    "emotion": (Emotion, EMOTION),
    "service": (Service, SERVICE),
}
"""Every judge by the name that the catalogue gives for its behaviours, and what the turn reader may add."""

REGISTRY: Mapping[str, DetectorFactory] = {
    name: with_second_opinion(judge, opinions) for name, (judge, opinions) in JUDGES.items()
}
"""The detectors that run: the judges, with a second opinion where there is a turn reader."""
