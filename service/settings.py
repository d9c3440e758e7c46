"""Every setting of the service, read from ``CALLCUE_*`` (nested with ``__``) or a ``.env`` file."""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from streaming.errors import ConfigError
from streaming.events import Profile


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TokenSettings(_Part):
    """Bearer tokens, several of each so that one can be rotated. Without any: loopback only."""

    softphone: tuple[SecretStr, ...] = ()
    console: tuple[SecretStr, ...] = ()
    listening: tuple[SecretStr, ...] = Field(
        default=(), description="console tokens that may listen in; none: nobody may, where tokens are set"
    )
    desk: tuple[SecretStr, ...] = Field(
        default=(), description="sign agents' passes; none: no desks, where tokens are set"
    )


class LimitSettings(_Part):
    message_bytes: int = Field(default=256 * 1024, description="largest websocket message", ge=1024)
    calls: int = Field(default=200, description="live calls on this node", ge=1)
    connections: int = Field(default=1000, description="open sockets on this node", ge=1)
    upload_bytes: int = Field(default=512 * 1024 * 1024, description="largest uploaded recording", ge=1024)
    hello_seconds: float = Field(default=5.0, description="time for the first message", gt=0)
    idle_seconds: float = Field(default=10.0, description="no audio for so long: the call is closed", gt=0)
    resume_seconds: float = Field(default=20.0, description="a vanished softphone may come back within", ge=0)
    call_seconds: float = Field(default=10 * 3600.0, description="longest call", gt=0)
    buffered_seconds: float = Field(
        default=2.0, description="audio a channel may wait before it is dropped", gt=0
    )
    drain_seconds: float = Field(default=30.0, description="time for calls to end at shutdown", ge=0)


class ModelSettings(_Part):
    """What is left at `auto` or 0 is chosen by `models.choice` from the machine and measured figures."""

    name: str = Field(default="tiny.en", description="catalogue or hub name, a folder, or auto")
    calls_expected: int = Field(default=10, description="live calls at once that auto plans for", ge=1)
    device: str = Field(default="cpu", description="cpu | cuda | auto", pattern="^(cpu|cuda|auto)$")
    compute_type: str = Field(
        default="auto", description="CTranslate2's; auto: int8 on a CPU, float16 on a GPU"
    )
    worker: str = Field(
        default="process", description="process | thread", pattern="^(process|thread|scripted)$"
    )
    slots: int = Field(default=0, description="utterances decoded side by side; 0: one a core", ge=0)
    threads: int = Field(default=0, description="threads a decoding; 0: cores / slots", ge=0)
    batch: int = Field(default=0, description="utterances in one decoding at most; 0: by device", ge=0)
    names: bool = Field(
        default=True, description="put the customer's name where the audio bears it out that it was misheard"
    )
    hints: bool = Field(default=False, description="tell the recogniser the customer's name beforehand")
    script: Path | None = Field(default=None, description="scenario for worker=scripted (tests, demos, load)")


class Settings(BaseSettings):
    """The service's whole configuration; `callcue config show` prints it."""

    model_config = SettingsConfigDict(
        env_prefix="CALLCUE_",
        env_nested_delimiter="__",
        env_file=".env",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    node: str = Field(default="", description="this node's name; empty: made from host and process")
    database_url: str = Field(
        default="sqlite:///callcue.db",
        description="sqlite:///FILE or postgresql://…",
        validation_alias=AliasChoices("CALLCUE_DATABASE_URL", "DATABASE_URL", "database_url"),
    )
    redis_url: str | None = Field(
        default=None,
        description="shares live calls between nodes; none: this node alone",
        validation_alias=AliasChoices("CALLCUE_REDIS_URL", "REDIS_URL", "redis_url"),
    )
    profile: Profile = Field(
        default=Profile.EU_WORKPLACE, description="strictest profile a call may not loosen"
    )
    partial_seconds: float = Field(
        default=0.5, description="a line grows this often when there is time", gt=0.1
    )
    allowed_origins: tuple[str, ...] = Field(
        default=(), description="browser origins beside the service's own"
    )
    twilio_auth_token: SecretStr | None = Field(default=None, description="verifies X-Twilio-Signature")
    public_url: str | None = Field(
        default=None, description="wss:// address as Twilio calls it, for its signature"
    )
    behaviours_off: frozenset[str] = frozenset()
    behaviours_on: frozenset[str] = Field(
        default=frozenset(), description="behaviours to judge that are off as shipped"
    )
    desk_cues: bool = Field(default=True, description="agents see cues on their desks, beside whispers")
    behaviours: Path | None = Field(default=None, description="a team's own behaviours, a TOML file")
    meaning: bool = Field(
        default=True, description="judge by meaning too, where the networks for it have been fetched"
    )
    thresholds: dict[str, float] = Field(default_factory=dict, description="behaviour.key → number")
    log_level: str = Field(default="info", pattern="^(?i:debug|info|warning|error|critical)$")
    log_json: bool = False
    tokens: TokenSettings = TokenSettings()
    limits: LimitSettings = LimitSettings()
    model: ModelSettings = ModelSettings()


def load_settings() -> Settings:
    """From the environment. Raises `ConfigError`, which names the variables and not their values."""
    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        told = [f"{_variable(fault['loc'])}: {fault['msg']}" for fault in faults]
        raise ConfigError("; ".join(told)) from None
    except SettingsError as error:  # it names the field, and quotes the value only in its cause
        raise ConfigError(f"{error}; lists and groups are written as JSON") from None


def _variable(place: tuple[int | str, ...]) -> str:
    first = str(place[0])
    names = [first if first.isupper() else f"CALLCUE_{first.upper()}"]
    return "__".join([*names, *(str(step).upper() for step in place[1:])])
