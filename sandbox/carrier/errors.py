"""Twilio's error codes: which HTTP status and which words each one comes with.

A code that a POST may answer has an entry in `REFUSALS`; a code that only arrives later, in a status callback, has one
in `FAILURES`. Twilio changes wordings without notice, so nothing should depend on them: codes and statuses count.
"""

from starlette.responses import JSONResponse

# code: (HTTP status, words)
REFUSALS: dict[int, tuple[int, str]] = {
    20001: (400, "Bad request: {what}"),
    20003: (401, "Authenticate"),
    70051: (401, "Authorization Failed"),
    20004: (405, "Method not allowed"),
    20005: (403, "Account not active"),
    20009: (409, "Cannot delete message because delivery has not been completed."),
    20404: (404, "The requested resource {what} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service unavailable"),
    21211: (400, "Invalid 'To' Phone Number: {to}"),
    21212: (400, "Invalid From Number (caller ID): {from_}"),
    21266: (400, "'To' and 'From' number cannot be the same: {to}"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided ({from_}) is not a valid message-capable Twilio phone number."),
    21609: (400, "The 'StatusCallback' URL {what} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages: {from_}"),
    21612: (400, "The 'To' phone number {to} is not currently reachable using the 'From' phone number via SMS."),
    21614: (400, "'To' number is not a valid mobile number: {to}"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21619: (400, "A text message body or media urls must be specified."),
    21620: (400, "Invalid media URL(s): {what}"),
    21623: (400, "Number of media files exceeds allowed limit"),
    21659: (400, "'From' {from_} is not a Twilio phone number or Short Code country mismatch"),
    21701: (400, "The Messaging Service {what} does not exist"),
    21703: (400, "The Messaging Service contains no phone numbers."),
    90007: (400, "Invalid validity period value: {what}"),
    90014: (400, "Validity Period should be positive integer: {what}"),
}

# code: (the last status, words). "failed" never left Twilio; "undelivered" was turned away further on.
FAILURES: dict[int, tuple[str, str]] = {
    11200: ("failed", "HTTP retrieval failure"),
    12300: ("failed", "Invalid Content-Type"),
    21610: ("failed", "Attempt to send to unsubscribed recipient"),
    30001: ("failed", "Queue overflow"),
    30002: ("failed", "Account suspended"),
    30003: ("undelivered", "Unreachable destination handset"),
    30004: ("undelivered", "Message blocked"),
    30005: ("undelivered", "Unknown destination handset"),
    30006: ("undelivered", "Landline or unreachable carrier"),
    30007: ("undelivered", "Message filtered"),
    30008: ("undelivered", "Unknown error"),
    30011: ("undelivered", "MMS not supported by the receiving phone number in this region"),
    30019: ("failed", "Content size exceeds carrier limit"),
    30022: ("undelivered", "US A2P 10DLC - Rate Limits Exceeded"),
    30023: ("undelivered", "US A2P 10DLC - Daily Message Cap Reached"),
    30032: ("undelivered", "Toll-Free Number Has Not Been Verified"),
    30034: ("undelivered", "US A2P 10DLC - Message from an Unregistered Number"),
    30036: ("failed", "Validity Period Expired"),
}

# Twilio's documented numbers for testing: they always answer with the same error.
MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}


class Problem(Exception):
    """A request that Twilio refuses."""

    def __init__(self, code: int, **words: str) -> None:
        self.code = code
        self.status, template = REFUSALS[code]
        self.message = template.format_map(_Blank(words))
        super().__init__(f"{code}: {self.message}")

    def response(self) -> JSONResponse:
        payload = {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if self.status == 401 else None
        return JSONResponse(payload, status_code=self.status, headers=headers)


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""
