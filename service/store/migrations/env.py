"""Run by Alembic inside the transaction that `service.store.migrate` opened."""

from __future__ import annotations

from alembic import context

from service.store.schema import metadata
from streaming.errors import ConfigError

connection = context.config.attributes.get("connection")
if connection is None:
    raise ConfigError("use `callcue db upgrade`: migrations run on the service's own connection")
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",  # SQLite alters a table by copying it
    transactional_ddl=True,
)
context.run_migrations()
