"""What the doctor asks of the carrier: the account, the sender, where voters' texts go, and the registration.

Only questions: nothing here sends or changes anything. They are asked with the account's token, since an API key may be
good for texting and yet not be allowed to see all this.
"""

from collections.abc import Sequence
from typing import Any

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException

from bot.gateways.carrier_registration import TOLL_FREE, UNREGISTERED, of_campaigns, of_throughput, of_toll_free
from bot.gateways.sms import Sms
from bot.services.doctor import Finding, error, ok, warning
from bot.settings import Settings

CONSOLE = "Mend it in the carrier's console"
MOST_NUMBERS = 20


async def of_carrier(sms: Sms, settings: Settings) -> list[Finding]:
    """Everything that the carrier can tell."""
    try:
        account = await _account(sms, settings)
        if account.level == "error":
            return [account]
        if settings.twilio_messaging_service_sid:
            sender = await _service(sms, settings, settings.twilio_messaging_service_sid)
        else:
            sender = await _own_numbers(sms, settings)
        return [account, *await _key(sms, settings), *sender]
    except TwilioException as refused:
        status = f" ({refused.status})" if isinstance(refused, TwilioRestException) else ""
        words = f"The carrier would not say everything{status}."
        return [error(words, "See its status page.")]
    except (aiohttp.ClientError, TimeoutError) as away:
        words = f"The carrier cannot be reached ({type(away).__name__})."
        return [error(words, "See that this machine may call out to the internet, and the carrier's status page.")]


async def _account(sms: Sms, settings: Settings) -> Finding:
    """Asked with the token whatever else is set: web hooks are checked by it."""
    sid = settings.twilio_account_sid
    try:
        found = await sms.by_token().api.v2010.accounts(sid).fetch_async()
    except TwilioRestException as refused:
        if refused.status in (401, 403, 404):
            words = f"The carrier does not take TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN ({refused.status})."
            return error(words, "Copy both again from its console; the token also proves that web hooks are real.")
        raise
    if found.status != "active":
        return error(f"The carrier's account is {found.status}: nothing is sent.", f"{CONSOLE}, or ask its support.")
    if found.type == "Trial":
        words = "The carrier's account is on trial: it texts only numbers that you have verified, and adds words."
        return warning(words, "Upgrade it before you text voters.")
    return ok("The carrier's account is active.")


async def _key(sms: Sms, settings: Settings) -> list[Finding]:
    """The API key, where there is one: everything is sent with it."""
    if not settings.twilio_api_key:
        return []
    wrong = await sms.wrong_account()
    return [error(wrong, "A standard key is enough.") if wrong else ok("The carrier takes TWILIO_API_KEY.")]


async def _service(sms: Sms, settings: Settings, sid: str) -> list[Finding]:
    service = sms.by_token().messaging.v1.services(sid)
    try:
        found = await service.fetch_async()
    except TwilioRestException as refused:
        if refused.status != 404:
            raise
        mend = "Copy the Messaging Service SID (MG…) from the console of this very account."
        return [error(f"There is no Messaging Service {sid} in the account.", mend)]
    numbers = await service.phone_numbers.list_async(limit=MOST_NUMBERS)
    senders = len(numbers) or len(await service.short_codes.list_async(limit=1))
    if not senders:
        words = f"The Messaging Service {found.friendly_name} has no number to send from."
        return [error(words, f"{CONSOLE}: Messaging, Services, Sender Pool.")]
    said = [ok(f"The Messaging Service {found.friendly_name} has {_count(numbers)}.")]
    said += _mute([(number.phone_number, "SMS" in (number.capabilities or ())) for number in numbers])
    if found.use_inbound_webhook_on_number:
        own = [number.phone_number for number in numbers]
        said += _hooks_of(settings, own, await _owned(sms, own))
    else:
        where = "the Messaging Service (Integration: send a webhook)"
        said.append(_hook(settings, found.inbound_request_url, found.inbound_method, where))
    campaigns: list[Any] = []
    if any(_is_us_long_code(number.phone_number, number.country_code) for number in numbers):
        campaigns = await service.us_app_to_person.list_async(limit=MOST_NUMBERS)
        said += of_campaigns(campaigns)
    said += await of_toll_free(sms, [(number.phone_number, number.sid) for number in numbers])
    return [*said, of_throughput(settings, campaigns, [number.phone_number for number in numbers])]


async def _own_numbers(sms: Sms, settings: Settings) -> list[Finding]:
    numbers = settings.twilio_from_numbers
    owned = await _owned(sms, numbers)
    said = _hooks_of(settings, numbers, owned)
    if any(_is_us_long_code(number, "US") for number in numbers):
        words = f"TWILIO_FROM_NUMBERS are sent from one by one; unless they are registered, {UNREGISTERED}."
        mend = "Put them into a Messaging Service with a registered campaign, and set TWILIO_MESSAGING_SERVICE_SID."
        said.append(warning(words, mend))
    said += await of_toll_free(sms, [(number, each.sid) for number, each in owned.items()])
    return [*said, of_throughput(settings, (), numbers)]


async def _owned(sms: Sms, numbers: Sequence[str]) -> dict[str, Any]:
    """What the account has of these numbers."""
    owned: dict[str, Any] = {}
    for number in numbers[:MOST_NUMBERS]:
        found = await sms.by_token().incoming_phone_numbers.list_async(phone_number=number, limit=2)
        owned.update((each.phone_number, each) for each in found if each.phone_number == number)
    return owned


def _hooks_of(settings: Settings, numbers: Sequence[str], owned: dict[str, Any]) -> list[Finding]:
    """Each number's own settings: whether it is ours, can text, and where what comes to it goes."""
    said, capable = [], []
    for number in numbers[:MOST_NUMBERS]:
        if number not in owned:
            said.append(error(f"{number} is not a number of this account.", "Buy it, or take it out of the settings."))
            continue
        capable.append((number, bool(_capability(owned[number].capabilities, "sms"))))
        said.append(_hook(settings, owned[number].sms_url, owned[number].sms_method, number))
    return [*said, *_mute(capable)]


def _capability(capabilities: Any, name: str) -> Any:
    return capabilities.get(name) if isinstance(capabilities, dict) else getattr(capabilities, name, None)


def _hook(settings: Settings, address: str | None, method: str | None, where: str) -> Finding:
    """Where texts from voters go, which should be to us."""
    if not settings.public_url:
        return ok("Texts from voters are asked of the carrier every few seconds: there is no PUBLIC_URL to call.")
    wanted = f"{settings.public_url}/twilio/inbound"
    mend = f"In the console, set the address for incoming messages of {where} to {wanted}#rc=3&rp=all, by POST."
    if not address:
        return error(f"Texts from voters go nowhere, STOP among them: {where} has no address for them.", mend)
    if address.partition("#")[0] != wanted:
        return error(f"Texts from voters do not come here, STOP among them: {where} sends them to {address}.", mend)
    if method != "POST":
        return error(f"Texts from voters come by {method}, which Textbank does not take: {where}.", mend)
    return ok(f"Texts from voters come to {wanted}.")


def _mute(numbers: Sequence[tuple[str, bool]]) -> list[Finding]:
    mute = [number for number, can_text in numbers if not can_text]
    return [error(f"{number} cannot send texts.", f"{CONSOLE}, or take another number.") for number in mute]


def _is_us_long_code(number: str, country: str) -> bool:
    return country == "US" and number.startswith("+1") and not number.startswith(TOLL_FREE)


def _count(numbers: Sequence[Any]) -> str:
    more = "at least " if len(numbers) == MOST_NUMBERS else ""
    return "1 number" if len(numbers) == 1 else f"{more}{len(numbers)} numbers" if numbers else "a short code"
