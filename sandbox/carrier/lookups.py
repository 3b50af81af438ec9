"""The account as it can be looked at: itself, its numbers, its Messaging Service and the registration of that."""

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from sandbox.carrier import resources
from sandbox.carrier.errors import Problem

if TYPE_CHECKING:
    from sandbox.carrier import Carrier
    from sandbox.carrier.server import Asked


class Lookups:
    """Questions that change nothing."""

    def __init__(self, carrier: "Carrier") -> None:
        self._carrier = carrier

    def account(self, asked: "Asked") -> Response:
        carrier = self._carrier
        shown = resources.account(carrier.account_sid, carrier.opened)
        return JSONResponse({**shown, "status": carrier.account_status, "type": carrier.account_type})

    def numbers(self, asked: "Asked") -> Response:
        carrier, wanted = self._carrier, asked.query.get("PhoneNumber", "")
        shown = [
            resources.incoming_number(carrier.account_sid, number, carrier.opened, carrier.inbound_url)
            for number in carrier.numbers
            if wanted in number
        ]
        for each in shown:
            each["capabilities"]["sms"] = each["phone_number"] not in carrier.mute
        return JSONResponse(
            {
                "end": max(len(shown) - 1, 0),
                "first_page_uri": asked.path,
                "incoming_phone_numbers": shown,
                "next_page_uri": None,
                "page": 0,
                "page_size": 50,
                "previous_page_uri": None,
                "start": 0,
                "uri": asked.path,
            }
        )

    def line(self, asked: "Asked", number: str) -> Response:
        """Lookup v2: which kind of line, if that is asked for and paid."""
        wanted = [one for one in asked.query.get("Fields", "").split(",") if one]
        if unknown := [one for one in wanted if one != "line_type_intelligence"]:
            raise Problem(20001, what=f"Fields {unknown[0]}")
        if not 8 <= len(number.lstrip("+")) <= 15:
            raise Problem(20404, what=asked.path)
        carrier, e164 = self._carrier, f"+{number.lstrip('+')}"
        kind = carrier.phone(e164).line_type
        line = {"type": kind, "carrier_name": "Sandbox Wireless", "error_code": None}
        line |= {"mobile_country_code": "310", "mobile_network_code": "999"}
        shown = {"phone_number": e164, "valid": kind != "invalid", "calling_country_code": "1", "country_code": "US"}
        shown |= {"national_format": e164, "validation_errors": [] if kind != "invalid" else ["INVALID_BUT_POSSIBLE"]}
        paid = line if wanted and kind != "invalid" else None
        return JSONResponse({**shown, "line_type_intelligence": paid, "url": f"{carrier.url}{asked.path}"})

    def service(self, asked: "Asked", service: str) -> Response:
        carrier = self._carrier
        if service != carrier.messaging_service_sid:
            raise Problem(20404, what=asked.path)
        shown = resources.service(carrier.url, carrier.account_sid, service, carrier.opened, carrier.inbound_url)
        shown["us_app_to_person_registered"] = carrier.registration == "VERIFIED"
        return JSONResponse({**shown, "use_inbound_webhook_on_number": carrier.inbound_by_number})

    def service_numbers(self, asked: "Asked", service: str) -> Response:
        carrier = self._carrier
        shown = [
            resources.service_number(carrier.url, carrier.account_sid, service, number, carrier.opened)
            for number in carrier.numbers
        ]
        for each in shown:
            each["capabilities"] = ["MMS"] if each["phone_number"] in carrier.mute else ["SMS", "MMS"]
        return self._part(asked, service, "phone_numbers", shown)

    def short_codes(self, asked: "Asked", service: str) -> Response:
        return self._part(asked, service, "short_codes", [])

    def registrations(self, asked: "Asked", service: str) -> Response:
        """The US campaign of the service, as the Campaign Registry has it; none while `registration` is None."""
        carrier, state = self._carrier, self._carrier.registration
        shown = [resources.registration(carrier.url, carrier.account_sid, service, carrier.opened, state or "")]
        for each in shown:
            each["us_app_to_person_usecase"] = carrier.use
            each["rate_limits"]["att"]["msg_class"] = carrier.att_class
        return self._part(asked, service, "compliance", shown if state else [])

    def tollfree(self, asked: "Asked") -> Response:
        """Verifications of toll-free numbers; those that nobody asked for are not there."""
        carrier = self._carrier
        shown = [
            resources.tollfree_verification(carrier.url, carrier.account_sid, number, carrier.opened, state)
            for number, state in carrier.tollfree.items()
        ]
        return self._listed(asked, "verifications", shown)

    def _part(self, asked: "Asked", service: str, key: str, shown: list[dict[str, Any]]) -> Response:
        if service != self._carrier.messaging_service_sid:
            raise Problem(20404, what=asked.path)
        return self._listed(asked, key, shown)

    def _listed(self, asked: "Asked", key: str, shown: list[dict[str, Any]]) -> Response:
        url = f"{self._carrier.url}{asked.path}"
        meta = {"first_page_url": url, "key": key, "next_page_url": None, "page": 0, "page_size": 50}
        return JSONResponse({"meta": {**meta, "previous_page_url": None, "url": url}, key: shown})
