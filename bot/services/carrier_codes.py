"""What the carrier's error codes mean, for the machine and in words. Wordings of its own change; codes do not."""

from datetime import timedelta

OPTED_OUT = 21610
UNREACHABLE = {21211: "not a valid number", 21614: "not a mobile number", 30005: "unknown number", 30006: "landline"}
"""Codes after which the number is not to be texted again. A phone that is only switched off (30003) is no such case."""
NO_PUBLIC_ADDRESS = 21620
NOT_SET_UP = {21606, NO_PUBLIC_ADDRESS, 21659, 21660, 21701, 21703, 30002, 30032, 30034}
"""Codes that say the account may not send at all: the campaign pauses and its organizer is told."""
NO_REGION = 21408
"""The account may not text where this number is. It pauses a campaign only while nothing of it has been taken yet."""
TOO_FAST = {30001: timedelta(minutes=1), 30022: timedelta(minutes=1), 30023: timedelta(hours=1)}
"""Codes that say the carrier takes no more for a while, of anybody's: how long nothing is sent then."""

_WORDS = {
    **UNREACHABLE,
    NO_REGION: "our account may not text the region of that number",
    30001: "the carrier's queue was full",
    30022: "it was more than the carrier takes in a second",
    30023: "it was more than the carrier takes in a day",
    11200: "the carrier could not fetch its picture from us",
    12300: "the carrier could not read its picture",
    OPTED_OUT: "they asked the carrier for no more texts",
    21612: "the carrier has no way to that phone",
    21617: "it was too long",
    30003: "the phone is switched off or out of reach",
    30004: "the phone does not take texts from us",
    30007: "the carrier took it for spam",
    30011: "the phone's carrier takes no pictures",
    30019: "its picture is too large for the phone's carrier",
    30036: "the carrier did not get to it within the texting hours",
}


ERROR = "error_"


def metric_of(code: int | None) -> str:
    """Under which a text that did not arrive is tallied: by the carrier's code, 0 where it gave none."""
    return f"{ERROR}{code or 0}"


def code_of(metric: str) -> int | None:
    """The code that a tally counts; None for one that counts something else."""
    return int(metric.removeprefix(ERROR)) if metric.startswith(ERROR) else None


def in_words(code: int | None) -> str:
    """Why a text did not arrive, as the end of a sentence."""
    if code in NOT_SET_UP:
        return "our account is not set up to send it"
    return _WORDS.get(code or 0) or (
        f"the phone did not take it (code {code})" if code else "the phone did not take it"
    )
