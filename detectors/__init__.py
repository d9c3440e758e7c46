"""Behaviour detectors: pure, synchronous judges of a call's events."""
