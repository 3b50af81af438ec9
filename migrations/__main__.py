"""`python -m migrations "What changes"`: write the next numbered migration, from what the models say."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from bot.migrate import FOLDER, configuration, migrate


def main(message: str) -> None:
    """Compare the models with a fresh database that has every migration so far."""
    number = len(list((FOLDER / "versions").glob("[0-9]*.py"))) + 1
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'fresh.db'}"
        migrate(url)
        engine = create_engine(url)
        with engine.begin() as connection:
            command.revision(configuration(connection), message=message, autogenerate=True, rev_id=f"{number:04}")
        engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
