"""Behaviour detectors: pure, synchronous judges of a call's events."""

from __future__ import annotations

from collections.abc import Mapping

from detectors.acknowledgement import Acknowledgement
from detectors.conversation import Conversation
from detectors.courtesy import Courtesy
from detectors.emotion import Emotion
from detectors.flatness import Flatness
from detectors.names import Names
from detectors.service import Service
from streaming.ports import DetectorFactory

REGISTRY: Mapping[str, DetectorFactory] = {
    "courtesy": Courtesy,
    "names": Names,
    "acknowledgement": Acknowledgement,
    "conversation": Conversation,
    "flatness": Flatness,
    "emotion": Emotion,
    "service": Service,
}
"""Every detector by the name that the catalogue gives for its behaviours."""
