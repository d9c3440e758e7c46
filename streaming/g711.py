"""The tables of ITU-T G.711 (µ-law and A-law), both directions, on a 16-bit scale."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Expansion = NDArray[np.int16]
"""Code → sample, shape ``(256,)``."""

Compression = NDArray[np.uint8]
"""16-bit sample, seen as unsigned, → code, shape ``(65536,)``."""


@cache
def mulaw_expansion() -> Expansion:
    codes = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((codes & 0x0F) << 3) + 0x84) << ((codes & 0x70) >> 4)) - 0x84
    return np.where(codes & 0x80, -magnitude, magnitude).astype(np.int16)


@cache
def alaw_expansion() -> Expansion:
    codes = np.arange(256, dtype=np.int32) ^ 0x55
    segment = (codes & 0x70) >> 4
    step = ((codes & 0x0F) << 4) + np.where(segment == 0, 0x008, 0x108)
    magnitude = step << np.maximum(segment - 1, 0)
    expansion: Expansion = np.where(codes & 0x80, magnitude, -magnitude).astype(np.int16)
    return expansion


@cache
def mulaw_compression() -> Compression:
    pcm = _all_samples()
    magnitude = np.minimum(np.abs(pcm), 32635) + 0x84
    exponent = _floor_log2(magnitude) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    codes: Compression = (~(np.where(pcm < 0, 0x80, 0) | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return codes


@cache
def alaw_compression() -> Compression:
    pcm = _all_samples()
    magnitude = np.where(pcm < 0, ~(pcm >> 3), pcm >> 3)
    segment = np.maximum(_floor_log2(np.maximum(magnitude, 1)) - 4, 0)
    mantissa = (magnitude >> np.maximum(segment, 1)) & 0x0F
    codes: Compression = (((segment << 4) | mantissa) ^ np.where(pcm < 0, 0x55, 0xD5)).astype(np.uint8)
    return codes


def _all_samples() -> NDArray[np.int32]:
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _floor_log2(values: NDArray[np.int32]) -> NDArray[np.int32]:
    return (np.frexp(values.astype(np.float64))[1] - 1).astype(np.int32)
