"""What organizers see of opt-outs in bulk: the modal, and word of what came of a file."""

from bot.views import ids
from bot.views.blocks import Block, field, file_field, modal, section
from bot.views.text import escape

WRITING = "Writing all opt-outs of all campaigns. They come to your direct messages with Textbank."
_ONE = "One number: `/textbank optout (313) 555-0101`. Many: a CSV file whose first row names its columns."


def opt_out_file() -> Block:
    """The modal that opts out whoever is in a file."""
    hint = "Every number of every row is opted out, in all campaigns, for ever. Other columns are not kept."
    source = "It is kept with each number, and exported with it."
    placeholder = "Opt-outs from our last texting vendor, June 2026"
    blocks = [
        section(_ONE),
        file_field("Numbers (CSV)", "numbers", types=["csv", "tsv", "txt", "text"], hint=hint),
        field("Where is this list from?", "reason", most=300, hint=source, placeholder=placeholder),
    ]
    return modal("Opt out a list", ids.OPT_OUT_FILE, blocks, submit="Opt out")


def taken_in(name: str, *, new: int, before: int, rejected: int) -> str:
    """Word of a file that is read."""
    said = f"{name}: {_numbers(new)} opted out now; nobody texts them, in any campaign."
    if before:
        said += f" {_numbers(before)} had opted out already."
    if rejected:
        rows = "1 row has" if rejected == 1 else f"{rejected:,} rows have"
        said += f" {rows} no number that could be read: see the file, mend them and hand them over again."
    return said


def not_read(name: str, why: str) -> str:
    """Word of a file that is not."""
    return f"{name} was not read, so nobody more is opted out by it: {why}"


def all_of_them(count: int) -> str:
    """The words that come with the organization's opt-outs."""
    said = "1 opt-out" if count == 1 else f"{count:,} opt-outs"
    return escape(f"{said} of all campaigns. A row without a phone is kept by its hash alone.")


def _numbers(count: int) -> str:
    return "1 number" if count == 1 else f"{count:,} numbers"
