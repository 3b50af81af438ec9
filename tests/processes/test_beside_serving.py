"""One process serves a SQLite file; the command line's imports, exports and migrations work beside it."""

import asyncio
from pathlib import Path

from tests.processes.test_two_of_everything import Fleet, a_live_campaign, fleet, people, until
from tests.world import CONSENT


async def runs(run: Fleet, name: str, *words: str) -> tuple[int, str]:
    """A command of the command line, to its end: its exit code and what it said."""
    process = run.start(name, *words)
    code = await asyncio.to_thread(process.wait, 90)
    del run.processes[name]
    return code, run.log(name)


async def test_sqlite_has_one_serving_process_and_the_command_line_beside_it(tmp_path: Path) -> None:
    async with fleet(f"sqlite:///{tmp_path}/textbank.db", tmp_path) as run:
        run.start_web("textbank")
        await run.is_up()
        olivia = run.slack.person("Olivia Organizer", is_admin=True)
        run.webs *= 2
        await a_live_campaign(run, olivia, 3)

        for role in ((), ("worker",)):
            code, said = await runs(run, "second", *role)
            assert code == 2, said
            pid = run.processes["textbank"].pid
            assert f"This database is already served by process {pid}." in said
            assert "PostgreSQL" in said
            assert "Traceback" not in said

        (tmp_path / "more.csv").write_text(people(9), encoding="utf-8")
        assert (await runs(run, "migrate", "migrate"))[0] == 0
        words = ("import", "Fall", str(tmp_path / "more.csv"), "--consent", CONSENT)
        code, said = await runs(run, "import", *words)
        assert (code, "Into Fall GOTV: contacts imported: 6, rows rejected: 3." in said) == (0, True), said
        code, said = await runs(run, "export", "export", "Fall", str(tmp_path / "out"))
        assert (code, "9 contacts of Fall GOTV" in said) == (0, True), said
        await olivia.types("/textbank export Fall")
        await until(lambda: len(olivia.files) == 4, "the files in Slack")
        assert len(olivia.files[0].content.splitlines()) == 10

        run.processes["textbank"].kill()
        run.processes.pop("textbank").wait()
        run.webs.clear()
        run.start_web("after a crash")
        await run.is_up()
        await run.end()
