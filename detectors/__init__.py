"""Behaviour detectors: pure, synchronous judges of a call's events."""

from __future__ import annotations

from collections.abc import Mapping

from detectors.courtesy import Courtesy
from detectors.names import Names
from streaming.ports import DetectorFactory

REGISTRY: Mapping[str, DetectorFactory] = {
    "courtesy": Courtesy,
    "names": Names,
}
"""Every detector by the name that `behaviours.toml` gives for its behaviours."""
