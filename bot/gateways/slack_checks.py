"""What the doctor asks of Slack, and whether our own public address answers."""

import re
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from twilio.request_validator import RequestValidator

from bot.gateways.slack import Slack, SlackTrouble
from bot.services.doctor import Finding, error, ok, warning
from bot.settings import Settings

MANIFEST = Path(__file__).resolve().parent.parent.parent / "manifest.yml"
_SCOPE = re.compile(r"^ +- ([a-z.]+(?::[a-z.]+)*) *(?:# *(.*))?$", re.MULTILINE)
SKEW_SECONDS = 60
"""Slack's signatures hold for five minutes."""
FORM = "application/x-www-form-urlencoded"
PATIENCE = aiohttp.ClientTimeout(total=8)


def scopes_needed() -> dict[str, str]:
    """The scopes of manifest.yml, each with what it is for."""
    _, _, after = MANIFEST.read_text(encoding="utf-8").partition("\n  scopes:\n")
    listed, _, _ = after.partition("\n\n")
    return {match[1]: match[2] or "" for match in _SCOPE.finditer(listed)}


async def of_slack(slack: Slack, settings: Settings) -> list[Finding]:
    """The tokens, the scopes, the clocks, and those whom ADMIN_USERS names."""
    try:
        answer = await slack.client.auth_test()
    except SlackApiError as refused:
        why = refused.response.get("error") or refused.response.status_code
        return [error(f"Slack does not take SLACK_BOT_TOKEN ({why}).", "Copy it from the app's “Install App” page.")]
    except (aiohttp.ClientError, TimeoutError) as away:
        words = f"Slack cannot be reached at {settings.slack_api_url} ({type(away).__name__})."
        return [error(words, "See that this machine may call out to the internet.")]
    headers = {name.lower(): value for name, value in answer.headers.items()}
    found = [ok(f"Slack takes the bot token, for the workspace {answer.get('team')}.")]
    found += [_scopes(headers.get("x-oauth-scopes", "")), *_clocks(headers.get("date"))]
    found.append(await _way_in(slack, settings))
    return [*found, *[each async for each in _admins(slack, settings)]]


def _scopes(granted: str) -> Finding:
    given = {scope.strip() for scope in granted.split(",")}
    missing = {scope: use for scope, use in scopes_needed().items() if scope not in given and "*" not in given}
    if not missing:
        return ok("The app has every scope that it needs.")
    named = "; ".join(f"{scope} ({use})" if use else scope for scope, use in missing.items())
    return error(
        f"The app lacks scopes: {named}.",
        "Put manifest.yml into the app's settings (App Manifest), and install the app again.",
    )


def _clocks(date: str | None) -> list[Finding]:
    if not date:
        return []
    skew = time.time() - parsedate_to_datetime(date).timestamp()
    if abs(skew) < SKEW_SECONDS:
        return [ok("This machine's clock is right.")]
    return [
        error(
            f"This machine's clock is {abs(skew):.0f} seconds {'ahead' if skew > 0 else 'behind'}.",
            "Let it be set by the network (NTP): with another five minutes Slack's requests are refused.",
        )
    ]


async def _way_in(slack: Slack, settings: Settings) -> Finding:
    """How Slack's requests come in."""
    if settings.slack_app_token is None:
        address = f"{settings.public_url or 'https://your.address'}/slack/events"
        return ok(f"SLACK_SIGNING_SECRET is set. Every request URL of the app should be {address}.")
    try:
        await slack.client.apps_connections_open(app_token=settings.slack_app_token)
    except SlackApiError as refused:
        why = refused.response.get("error")
        mend = "Make an app-level token with the scope connections:write, and turn Socket Mode on."
        return error(f"Slack does not take SLACK_APP_TOKEN ({why}).", mend)
    return ok("Slack's requests come by Socket Mode, and Slack takes the token for it.")


async def _admins(slack: Slack, settings: Settings) -> AsyncIterator[Finding]:
    for who in settings.admin_users:
        try:
            await slack.profile(who)
        except SlackTrouble as trouble:
            if trouble.for_good:
                mend = "Write members' ids, such as U012AB3CD (in Slack: profile, “Copy member ID”)."
                yield warning(f"ADMIN_USERS names {who}, whom Slack does not know.", mend)


async def of_public_url(settings: Settings) -> list[Finding]:
    """Whether the address that the carrier and Slack call is ours, and can be called at all."""
    url = settings.public_url
    if not url:
        mend = "set PUBLIC_URL to the https address at which this program can be reached from the internet."
        asked = "what voters text, a STOP too, is asked of the carrier every few seconds"
        return [warning(f"PUBLIC_URL is not set: {asked}, and no picture can go along.", f"For more than that: {mend}")]
    found = [ok(f"PUBLIC_URL is {url}.")] if _is_public(url) else [_not_public(url)]
    async with aiohttp.ClientSession(timeout=PATIENCE) as http:
        return [*found, *await _answers(http, url, settings)]


def _is_public(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and not _is_private(parts.hostname or "")


def _is_private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host


def _not_public(url: str) -> Finding:
    if _is_private(urlsplit(url).hostname or ""):
        words = f"PUBLIC_URL ({url}) is an address of this machine or network only."
        return warning(words, "Right for a sandbox; neither Slack nor the carrier reaches it.")
    return error(f"PUBLIC_URL ({url}) is not https: Slack calls nothing else.", "Put it behind https.")


async def _answers(http: aiohttp.ClientSession, url: str, settings: Settings) -> list[Finding]:
    """An unsigned call is refused by Textbank with 403 and not a word; a proxy or another program says something."""
    mend = "See that the program runs, and that the host or the proxy passes every request on to its PORT."
    try:
        async with http.post(f"{url}/twilio/inbound", allow_redirects=False) as answer:
            if answer.status != 403 or await answer.read():
                words = f"It is not Textbank that answers at {url}: it says {_what(answer)} to an unsigned call."
                return [error(words, mend)]
        async with http.get(f"{url}/healthz", allow_redirects=False) as answer:
            if answer.status == 503:
                return [error(f"{url}/healthz answers 503: the database is away.", "See that the database runs.")]
        unlike = [each async for each in _signed_calls(http, url, settings)]
    except (aiohttp.ClientError, TimeoutError, ValueError) as away:
        return [error(f"Nobody answers at {url} ({type(away).__name__}).", mend)]
    return unlike or [ok(f"Textbank answers at {url}, and takes what Slack and the carrier sign for it.")]


async def _signed_calls(http: aiohttp.ClientSession, url: str, settings: Settings) -> AsyncIterator[Finding]:
    """A call as the carrier signs it and one as Slack does, which do nothing: what is wrong if they are refused."""
    otherwise = "another token or secret than the settings here, or a proxy changes what it passes on"
    form, address = {"Doctor": "looks"}, f"{url}/twilio/inbound"
    signature = RequestValidator(settings.twilio_auth_token).compute_signature(address, form)
    async with http.post(address, data=form, headers={"X-Twilio-Signature": signature}) as answer:
        if answer.status == 403:
            words = f"A call signed as the carrier signs it is refused at {url}: the program there has {otherwise}."
            yield error(
                words, "Restart it with these settings; see that PUBLIC_URL is what the carrier calls, path and all."
            )
    if not settings.slack_signing_secret:
        return
    body, stamp = "ssl_check=1", str(int(time.time()))
    signature = SignatureVerifier(settings.slack_signing_secret).generate_signature(timestamp=stamp, body=body) or ""
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature, "Content-Type": FORM}
    async with http.post(f"{url}/slack/events", data=body, headers=headers) as answer:
        if answer.status == 401:
            words = f"A call signed with SLACK_SIGNING_SECRET is refused at {url}: the program there has {otherwise}."
            yield error(words, "Restart it with these settings; a proxy must pass bodies and headers on unchanged.")


def _what(answer: Any) -> str:
    if 300 <= answer.status < 400:
        return f"{answer.status} (go to {answer.headers.get('Location')})"
    return str(answer.status)
