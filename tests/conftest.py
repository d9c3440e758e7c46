"""Fixtures for every test."""

from __future__ import annotations

from tests.servers import (
    postgres_server,
    postgres_url,
    redis_server,
    redis_url,
    shared_postgres,
    shared_redis,
    sqlite_url,
)

__all__ = [
    "postgres_server",
    "postgres_url",
    "redis_server",
    "redis_url",
    "shared_postgres",
    "shared_redis",
    "sqlite_url",
]
