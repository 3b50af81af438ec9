"""What kind of line a number is, by the carrier's Lookup v2. Each question costs money."""

import aiohttp
from twilio.base.exceptions import TwilioRestException

from bot.errors import Refusal
from bot.gateways.sms import Sms


class CarrierBusy(Exception):
    """It may answer later."""


async def kind_of(sms: Sms, phone: str) -> str:
    """Its word for the line, such as "mobile" or "landline"; "invalid" or "unknown".

    Raises CarrierBusy, or Refusal if our account may not ask.
    """
    try:
        asked = sms.client.lookups.v2.phone_numbers(phone)
        found = await asked.fetch_async(fields="line_type_intelligence")
    except TwilioRestException as error:
        if error.status == 404:
            return "invalid"
        if error.status in (400, 401, 403):
            raise Refusal(f"the carrier refused to look numbers up ({error.code or error.status})") from error
        raise CarrierBusy(str(error.status)) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise CarrierBusy(type(error).__name__) from error
    if not found.valid:
        return "invalid"
    return str((found.line_type_intelligence or {}).get("type") or "unknown")
