"""Alembic's entry: runs the numbered migrations on the connection that `bot.migrate` hands over."""

from typing import Any

from alembic import context
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.sql.sqltypes import AutoString

import models
from models.types import Moment


def render_item(kind: str, thing: Any, _context: Any) -> str | bool:
    """Our own types as plain ones: a migration must mean the same after the models have moved on."""
    if kind == "type" and isinstance(thing, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(thing, JSONB):
        return "JSONB()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=models.metadata,
    render_item=render_item,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
