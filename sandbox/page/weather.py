"""The weather that can be set on the page: for Slack, and for the carrier. It stays until it is set anew."""

from dataclasses import replace

from sandbox.carrier import Carrier
from sandbox.slack import Slack
from sandbox.slack.limits import Weather

KINDS = {
    "fine": "Fine",
    "slow": "Slow",
    "fails": "Fails",
    "accepts_then_fails": "Accepts, then fails",
    "rate_limits": "Rate limiting",
    "outage": "Outage",
}
_SLACK = {
    "slow": Weather(delay=2.0),
    "fails": Weather(status=500),
    "accepts_then_fails": Weather(status=500, after=True),
    "rate_limits": Weather(status=429, retry_after=5),
    "outage": Weather(cut=True),
}
_CARRIER = {"fails": "500", "accepts_then_fails": "accept_then_500", "rate_limits": "429"}
SLOW = 3.0
"""Seconds more that the carrier takes for an answer."""


def of_slack(slack: Slack) -> str:
    """The kind of weather that Slack has now."""
    return next((kind for kind, weather in _SLACK.items() if weather == slack.climate), "fine")


def of_carrier(carrier: Carrier) -> str:
    """The kind of weather that the carrier has now."""
    if carrier.outage:
        return "outage"
    if carrier.latency:
        return "slow"
    return next((kind for kind, mishap in _CARRIER.items() if mishap == carrier.climate), "fine")


def set_slack(slack: Slack, kind: str) -> None:
    found = _SLACK.get(kind)
    slack.climate = replace(found) if found else None


def set_carrier(carrier: Carrier, kind: str) -> None:
    carrier.outage, carrier.latency = kind == "outage", SLOW if kind == "slow" else 0.0
    carrier.climate = _CARRIER.get(kind)
