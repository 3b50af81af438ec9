"""A call of Slack's Web API, and what can become of it: done, or a SlackTrouble that says what to do next."""

from collections.abc import AsyncIterator, Coroutine
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

_NEVER = {
    *("channel_not_found", "user_not_found", "user_disabled", "is_archived", "not_in_channel", "cannot_dm_bot"),
    *("invalid_blocks", "msg_too_long", "no_text", "messages_tab_disabled", "restricted_action"),
    *("cant_update_message", "edit_window_closed", "cant_delete_file"),
}
_GONE = {"channel_not_found", "user_not_found", "user_disabled", "is_archived", "not_in_channel", "cannot_dm_bot"}

_NOT_LET_IN = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
_THEIRS = {"fatal_error", "internal_error", "service_unavailable", "request_timeout"}
"""Slack's own faults, said with a 200: some of it may have been done all the same."""
LOCKED_OUT_SECONDS = 30
"""Until somebody has put the token right."""


def locks_out(why: str) -> bool:
    """Whether Slack says by this that it does not take our token (any more)."""
    return why in _NOT_LET_IN


class SlackTrouble(Exception):
    """Slack did not do it. `pause` is how long to leave it in peace; `for_good` says that trying again can't help.

    `gone` says that it can't because nobody is there any more to read it; `in_doubt`, that it may have been done all
    the same; `limited`, that we asked for too much; `locked_out`, that Slack does not take our token.
    """

    def __init__(
        self, why: str, *, pause: float = 0.0, for_good: bool = False, in_doubt: bool = False, limited: bool = False
    ) -> None:
        super().__init__(why)
        self.pause = pause
        self.for_good = for_good
        self.in_doubt = in_doubt
        self.limited = limited
        self.locked_out = locks_out(why)
        self.gone = why in _GONE or why.startswith("restricted_action")


class Caller:
    """Calls by the one client, which whoever inherits from this opens."""

    client: AsyncWebClient

    async def _ask(self, method: str, **values: Any) -> Any:
        """A question; these methods read forms only, and overlook a JSON body."""
        given = {name: value for name, value in values.items() if value is not None}
        return await self._guarded(self.client.api_call(method, params=given))

    async def _pages(self, method: str, what: str, **values: Any) -> AsyncIterator[Any]:
        """Each of a list that Slack gives page by page."""
        cursor = ""
        while True:
            page = await self._ask(method, **values, cursor=cursor or None)
            for each in page[what]:
                yield each
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    async def _call(self, method: str, **values: Any) -> Any:
        return await self._guarded(
            self.client.api_call(method, json={k: v for k, v in values.items() if v is not None})
        )

    async def _guarded(self, call: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await call
        except SlackApiError as error:
            raise _trouble(error) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            why = f"Slack could not be reached ({type(error).__name__})"
            raise SlackTrouble(why, pause=2, in_doubt=not isinstance(error, aiohttp.ClientConnectorError)) from error


def _trouble(error: SlackApiError) -> SlackTrouble:
    answer = error.response
    if not isinstance(answer, AsyncSlackResponse):
        return SlackTrouble("Slack's answer made no sense", pause=2, in_doubt=True)
    if answer.status_code == 429:
        return SlackTrouble("ratelimited", pause=float(answer.headers.get("Retry-After", 5)), limited=True)
    why = str(answer.get("error") or answer.status_code) if isinstance(answer.data, dict) else str(answer.status_code)
    if locks_out(why):
        return SlackTrouble(why, pause=LOCKED_OUT_SECONDS)
    theirs = answer.status_code >= 500 or why in _THEIRS
    return SlackTrouble(why, pause=2 if theirs else 0, for_good=why in _NEVER, in_doubt=theirs)
