"""What the sender is registered for, and how much of it carriers take: the doctor asks, and nothing here changes it."""

from collections.abc import Sequence
from typing import Any

from bot.gateways.sms import Sms
from bot.services.doctor import Finding, error, ok, warning
from bot.settings import Settings

TOLL_FREE = tuple(f"+1{code}" for code in (800, 833, 844, 855, 866, 877, 888))
UNREGISTERED = "carriers turn texts to the US away (error 30034)"
MOST = 50

FIT = ("POLITICAL", "CHARITY", "MIXED", "LOW_VOLUME", "SOLE_PROPRIETOR", "MARKETING", "PUBLIC_SERVICE_ANNOUNCEMENT")
"""The uses under which somebody may text supporters or voters; of a party or a candidate, POLITICAL alone."""
AT_AND_T = {"A": 75.0, "B": 75.0, "C": 40.0, "D": 40.0, "E": 4.0, "F": 4.0, "K": 75.0, "P": 40.0, "T": 1.25, "W": 0.25}
"""Segments a second that AT&T takes, by its class of a registration."""
BIG_CARRIERS = 3
"""AT&T, T-Mobile and Verizon each take about as much, and so all together three times that."""
T_MOBILE = {"TOP": 200_000, "UPPER_MID": 40_000, "LOWER_MID": 10_000, "LOW": 2_000}
"""Segments a day that T-Mobile takes, by its class of a brand."""
A_TOLL_FREE_NUMBER = 3.0
"""Segments a second."""
TOLL_FREE_STATES = {"PENDING_REVIEW": "waits for its review", "IN_REVIEW": "is being looked at"}


def of_campaigns(campaigns: Sequence[Any]) -> list[Finding]:
    """US long codes must belong to a campaign that carriers know, and be used for what it says."""
    states = {str(campaign.campaign_status) for campaign in campaigns}
    if verified := [campaign for campaign in campaigns if str(campaign.campaign_status) == "VERIFIED"]:
        return [_use(str(verified[0].us_app_to_person_usecase or ""), _a_day(verified[0]))]
    mend = "Register brand and campaign in the console: Messaging, Regulatory Compliance. It takes days to weeks."
    if not states:
        return [error(f"The Messaging Service is not registered for texts to the US: {UNREGISTERED}.", mend)]
    if states & {"PENDING", "IN_PROGRESS"}:
        words = f"The registration for texts to the US is still being looked at: until then {UNREGISTERED}."
        return [error(words, "Wait for it; the console says how far it is.")]
    said = ", ".join(sorted(states)).lower()
    return [error(f"The registration for texts to the US is {said}: {UNREGISTERED}.", mend)]


def _use(use: str, a_day: str) -> Finding:
    words = (
        f"The Messaging Service is registered for texts to the US (A2P 10DLC), for {use or 'a use not said'}{a_day}."
    )
    if use in ("POLITICAL", ""):
        return ok(words)
    if use in FIT:
        return ok(f"{words} A party, a candidate or a committee needs POLITICAL.")
    mend = (
        "Register a campaign for POLITICAL, CHARITY or what else you do: texts for another use are filtered, or fined."
    )
    return warning(words, mend)


def _a_day(campaign: Any) -> str:
    tier = _part(campaign, "tmobile").get("brand_tier")
    return f"; T-Mobile takes {T_MOBILE[tier]:,} segments a day" if tier in T_MOBILE else ""


def _part(campaign: Any, carrier: str) -> dict[str, Any]:
    limits = campaign.rate_limits if isinstance(campaign.rate_limits, dict) else {}
    part = limits.get(carrier)
    return part if isinstance(part, dict) else {}


def of_throughput(settings: Settings, campaigns: Sequence[Any], numbers: Sequence[str]) -> Finding:
    """SMS_SEGMENTS_PER_SECOND beside what is registered, as far as that is known."""
    pace = settings.sms_segments_per_second
    words = f"Texts leave at {pace:g} segments a second at most (SMS_SEGMENTS_PER_SECOND)"
    most = _most(campaigns, numbers)
    if most is None:
        return ok(f"{words}; see that it is what you are registered for.")
    if pace > most:
        mend = f"Set it to {most:g} or less: carriers turn away what comes faster (error 30022)."
        return warning(f"{words}, and the sender is registered for about {most:g}.", mend)
    return ok(f"{words}; the sender is registered for about {most:g}.")


def _most(campaigns: Sequence[Any], numbers: Sequence[str]) -> float | None:
    """Segments a second of all senders together; None where a part of it is not known."""
    toll_free = sum(number.startswith(TOLL_FREE) for number in numbers)
    total = A_TOLL_FREE_NUMBER * toll_free
    if toll_free == len(numbers):
        return total or None
    classes = [_part(campaign, "att").get("msg_class") for campaign in campaigns]
    known = [AT_AND_T[each] for each in classes if each in AT_AND_T]
    return total + BIG_CARRIERS * max(known) if known else None


async def of_toll_free(sms: Sms, numbers: Sequence[tuple[str, str]]) -> list[Finding]:
    """Whether toll-free ones among these (number, its id at the carrier) are verified."""
    mine = [(number, sid) for number, sid in numbers if number.startswith(TOLL_FREE)]
    if not mine:
        return []
    listed = await sms.by_token().messaging.v1.tollfree_verifications.list_async(limit=MOST)
    found = {str(each.tollfree_phone_number_sid): each for each in listed}
    return [_verified(number, found.get(sid)) for number, sid in mine]


def _verified(number: str, verification: Any) -> Finding:
    if verification is None:
        words = f"{number} is toll-free and not verified: its texts are turned away (error 30032)."
        return error(words, "Ask for its toll-free verification in the console. It takes days.")
    state = str(verification.status)
    if state == "TWILIO_APPROVED":
        uses = ", ".join(verification.use_case_categories or ()) or "a use not said"
        return ok(f"{number} is toll-free and verified, for {uses}.")
    if state in TOLL_FREE_STATES:
        words = f"{number} is toll-free, and its verification {TOLL_FREE_STATES[state]}: its texts are turned away."
        return error(words, "Wait for it; the console says how far it is.")
    why = f" ({verification.rejection_reason})" if verification.rejection_reason else ""
    words = (
        f"The verification of {number}, which is toll-free, was refused{why}: its texts are turned away (error 30032)."
    )
    return error(words, "Mend what the console says of it, and ask again.")
