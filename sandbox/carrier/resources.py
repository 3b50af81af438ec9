"""What the carrier keeps, and the JSON that Twilio's API shows of it.

Twilio's JSON has habits that a client trips over: counts are strings, dates are RFC 2822 in the API of 2010 and ISO
8601 in the newer ones, and a Messaging Service's text has no sender and no segments until it is sent.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

API_VERSION = "2010-04-01"
LONGEST_VALIDITY = 36_000

_GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ!\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = frozenset("\f^{}\\[~]|€")


@dataclass(slots=True)
class Call:
    """One request to the REST API. `status` is 0 when the line was cut or nothing was ever answered."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    at: float
    status: int = 0


@dataclass(slots=True, frozen=True)
class Attachment:
    sid: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Text:
    """A text, either way. `from_` is None as long as a Messaging Service has not chosen a number."""

    sid: str
    to: str
    from_: str | None
    body: str
    created: float
    status: str
    media: tuple[str, ...] = ()
    direction: str = "outbound-api"
    status_callback: str | None = None
    validity_period: int = LONGEST_VALIDITY
    messaging_service_sid: str | None = None
    segments: int = 0
    sent: float | None = None
    updated: float = 0.0
    error_code: int | None = None
    error_message: str | None = None
    attachments: list[Attachment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.updated = self.created


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


def segments(body: str) -> int:
    """How many segments a body takes: one letter outside GSM-7 more than halves what fits in each."""
    if all(letter in _GSM_BASIC or letter in _GSM_EXTENDED for letter in body):
        length, alone, joined = sum(2 if letter in _GSM_EXTENDED else 1 for letter in body), 160, 153
    else:
        length, alone, joined = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= alone else -(-length // joined)


def rfc2822(moment: float | None) -> str | None:
    return None if moment is None else format_datetime(datetime.fromtimestamp(moment, UTC))


def iso8601(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def message(account_sid: str, text: Text) -> dict[str, Any]:
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{text.sid}"
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": text.body,
        "date_created": rfc2822(text.created),
        "date_sent": rfc2822(text.sent),
        "date_updated": rfc2822(text.updated),
        "direction": text.direction,
        "error_code": text.error_code,
        "error_message": text.error_message,
        "from": text.from_,
        "messaging_service_sid": text.messaging_service_sid,
        "num_media": str(len(text.media)),
        "num_segments": str(text.segments),
        "price": f"-{0.0079 * text.segments:.5f}" if text.sent else None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": text.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": text.to,
        "uri": f"{uri}.json",
    }


def media(account_sid: str, text: Text, attachment: Attachment) -> dict[str, Any]:
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{text.sid}/Media/{attachment.sid}.json"
    return {
        "account_sid": account_sid,
        "content_type": attachment.content_type,
        "date_created": rfc2822(text.created),
        "date_updated": rfc2822(text.created),
        "parent_sid": text.sid,
        "sid": attachment.sid,
        "uri": uri,
    }


def account(account_sid: str, opened: float) -> dict[str, Any]:
    uri = f"/{API_VERSION}/Accounts/{account_sid}"
    parts = {"messages": "Messages", "incoming_phone_numbers": "IncomingPhoneNumbers"}
    return {
        "auth_token": None,
        "date_created": rfc2822(opened),
        "date_updated": rfc2822(opened),
        "friendly_name": "Sandbox",
        "owner_account_sid": account_sid,
        "sid": account_sid,
        "status": "active",
        "subresource_uris": {name: f"{uri}/{part}.json" for name, part in parts.items()},
        "type": "Full",
        "uri": f"{uri}.json",
    }


def number_sid(number: str) -> str:
    return f"PN{int(number.lstrip('+')):032x}"


def incoming_number(account_sid: str, number: str, opened: float, inbound_url: str | None) -> dict[str, Any]:
    sid = number_sid(number)
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "capabilities": {"fax": False, "mms": True, "sms": True, "voice": True},
        "date_created": rfc2822(opened),
        "date_updated": rfc2822(opened),
        "friendly_name": number,
        "origin": "twilio",
        "phone_number": number,
        "sid": sid,
        "sms_method": "POST",
        "sms_url": inbound_url or "",
        "status": "in-use",
        "status_callback": "",
        "uri": f"/{API_VERSION}/Accounts/{account_sid}/IncomingPhoneNumbers/{sid}.json",
    }


def service_number(base: str, account_sid: str, service_sid: str, number: str, opened: float) -> dict[str, Any]:
    sid = number_sid(number)
    return {
        "account_sid": account_sid,
        "capabilities": ["SMS", "MMS"],
        "country_code": "US",
        "date_created": iso8601(opened),
        "date_updated": iso8601(opened),
        "phone_number": number,
        "service_sid": service_sid,
        "sid": sid,
        "url": f"{base}/v1/Services/{service_sid}/PhoneNumbers/{sid}",
    }


def service(base: str, account_sid: str, service_sid: str, opened: float, inbound_url: str | None) -> dict[str, Any]:
    url = f"{base}/v1/Services/{service_sid}"
    return {
        "account_sid": account_sid,
        "area_code_geomatch": True,
        "date_created": iso8601(opened),
        "date_updated": iso8601(opened),
        "fallback_method": "POST",
        "fallback_to_long_code": False,
        "fallback_url": None,
        "friendly_name": "Sandbox",
        "inbound_method": "POST",
        "inbound_request_url": inbound_url,
        "links": {
            "phone_numbers": f"{url}/PhoneNumbers",
            "short_codes": f"{url}/ShortCodes",
            "us_app_to_person": f"{url}/Compliance/Usa2p",
        },
        "mms_converter": True,
        "scan_message_content": "inherit",
        "sid": service_sid,
        "smart_encoding": False,
        "status_callback": None,
        "sticky_sender": True,
        "synchronous_validation": False,
        "url": url,
        "us_app_to_person_registered": True,
        "usecase": "discussion",
        "use_inbound_webhook_on_number": False,
        "validity_period": LONGEST_VALIDITY,
    }


def registration(base: str, account_sid: str, service_sid: str, opened: float, state: str) -> dict[str, Any]:
    """A US A2P campaign; `state` is PENDING, IN_PROGRESS, VERIFIED, FAILED or SUSPENDED."""
    sid = "QE" + "2c" * 16
    return {
        "account_sid": account_sid,
        "age_gated": False,
        "brand_registration_sid": "BN" + "0b" * 16,
        "campaign_id": "CSANDBX" if state == "VERIFIED" else None,
        "campaign_status": state,
        "date_created": iso8601(opened),
        "date_updated": iso8601(opened),
        "description": "Volunteers text voters about the election, one by one.",
        "direct_lending": False,
        "errors": [],
        "has_embedded_links": True,
        "has_embedded_phone": False,
        "help_keywords": ["HELP", "INFO"],
        "help_message": "Michigan Votes: reply STOP to stop.",
        "is_externally_registered": False,
        "message_flow": "People check a box on the sign-up form on our website.",
        "message_samples": ["Hi, can we count on your vote?", "Do you know where to vote?"],
        "messaging_service_sid": service_sid,
        "mock": False,
        "opt_in_keywords": ["START"],
        "opt_in_message": "Michigan Votes: you are signed up. Reply STOP to stop.",
        "opt_out_keywords": ["STOP"],
        "opt_out_message": "You will get no more texts.",
        "rate_limits": {"att": {"mps": 600, "msg_class": "A"}, "tmobile": {"brand_tier": "TOP"}},
        "sid": sid,
        "subscriber_opt_in": True,
        "url": f"{base}/v1/Services/{service_sid}/Compliance/Usa2p/{sid}",
        "us_app_to_person_usecase": "POLITICAL",
        "us_app_to_person_usecase_external_ids": None,
    }


def tollfree_verification(base: str, account_sid: str, number: str, opened: float, state: str) -> dict[str, Any]:
    """`state` is PENDING_REVIEW, IN_REVIEW, TWILIO_APPROVED or TWILIO_REJECTED."""
    sid, refused = f"HH{int(number.lstrip('+')):032x}", state == "TWILIO_REJECTED"
    return {
        "account_sid": account_sid,
        "business_name": "Michigan Votes",
        "business_website": "https://michiganvotes.example.org",
        "date_created": iso8601(opened),
        "date_updated": iso8601(opened),
        "edit_allowed": refused,
        "error_code": 30489 if refused else None,
        "message_volume": "10,000",
        "opt_in_type": "WEB_FORM",
        "rejection_reason": "The opt-in could not be found on the website" if refused else None,
        "sid": sid,
        "status": state,
        "tollfree_phone_number_sid": number_sid(number),
        "url": f"{base}/v1/Tollfree/Verifications/{sid}",
        "use_case_categories": ["POLITICAL"],
        "use_case_summary": "Volunteers text voters about the election, one by one.",
    }
