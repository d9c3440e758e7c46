"""Behaviour detectors: pure, synchronous judges of a call's events."""

from __future__ import annotations

from collections.abc import Mapping

from detectors.acknowledgement import Acknowledgement
from detectors.conversation import Conversation
from detectors.courtesy import Courtesy
from detectors.flatness import Flatness
from detectors.leakage import Leakage
from detectors.names import Names
from detectors.service import Service
from streaming.ports import DetectorFactory

REGISTRY: Mapping[str, DetectorFactory] = {
    "courtesy": Courtesy,
    "names": Names,
    "acknowledgement": Acknowledgement,
    "conversation": Conversation,
    "flatness": Flatness,
    "leakage": Leakage,
    "service": Service,
}
"""Every detector by the name that the catalogue gives for its behaviours."""
