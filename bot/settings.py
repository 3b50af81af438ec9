"""The environment, read once into one frozen Settings. What is wrong or missing is said with how to mend it."""

import re
from decimal import Decimal
from ipaddress import ip_address
from math import ceil
from typing import Annotated, Any

import phonenumbers
from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class SettingsError(Exception):
    """Settings that the program cannot start with: one line each, with the setting's name and how to mend it."""


def _comma_separated(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


_HOURS = r"(?:(?:mon|tue|wed|thu|fri|sat|sun) )?(?:(\d\d?:[0-5]\d) ?[-–] ?(\d\d?:[0-5]\d)|closed)"
MOST_A_DAY = 3
"""So many texts may go to somebody in 24 hours without their answer, by the law of Florida, Oklahoma and Maryland."""
_NUMBERS = {"int": "a whole number", "float": "a number", "decimal": "a number", "finite": "a finite number"}

CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)]


class Settings(BaseSettings):
    """README.md says what each is for; the names are the environment's, in lower case."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    database_url: str = "sqlite:///textbank.db"
    database_connections: int | None = Field(default=None, ge=1, le=1000)
    bind_address: str = "0.0.0.0"  # noqa: S104 (a host's router must reach it)
    port: int = Field(default=3000, ge=0, le=65535)
    public_url: str | None = None

    slack_bot_token: str
    slack_signing_secret: str | None = None
    slack_app_token: str | None = Field(default=None, validate_default=True)
    slack_api_url: str = "https://slack.com/api/"

    twilio_account_sid: str
    twilio_auth_token: str
    twilio_api_key: str | None = None
    twilio_api_secret: str | None = Field(default=None, validate_default=True)
    twilio_messaging_service_sid: str | None = None
    twilio_from_numbers: CommaSeparated = Field(default=(), validate_default=True)
    twilio_api_url: str | None = None

    admin_users: CommaSeparated = ()
    undo_seconds: float = Field(default=5, ge=0, le=300)
    textbank_secret: str = Field(min_length=16)
    sms_segments_per_second: float = Field(default=3, gt=0, allow_inf_nan=False)
    default_region: str = "US"
    texting_hours: str = "09:00-20:00"
    hours_between_first_texts: int = Field(default=24, ge=8, le=720)
    follow_ups: int = Field(default=1, ge=0, le=2, validate_default=True)
    opt_out_keywords: CommaSeparated = ()
    segment_price: Decimal = Field(default=Decimal("0.012"), ge=0, le=10)
    picture_price: Decimal = Field(default=Decimal("0.03"), ge=0, le=10)
    lookup_price: Decimal = Field(default=Decimal("0.008"), ge=0, le=10)
    personal_data_days: int = Field(default=365, ge=1, le=3650)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgres://", "postgresql://")):
            raise ValueError("write sqlite:///path/to/file.db or postgresql://user:password@host/name")
        return url

    @field_validator("bind_address")
    @classmethod
    def _is_address(cls, address: str) -> str:
        try:
            ip_address(address)
        except ValueError:
            raise ValueError("write an address of this machine, such as 0.0.0.0 (all of them) or 127.0.0.1") from None
        return address

    @field_validator("public_url", "slack_api_url", "twilio_api_url")
    @classmethod
    def _whole_address(cls, url: str | None) -> str | None:
        if url is not None and not re.match(r"https?://[^/\s]+", url):
            raise ValueError("write the whole address, such as https://textbank.example.org")
        return url

    @field_validator("public_url")
    @classmethod
    def _bare_address(cls, url: str | None) -> str | None:
        return url.rstrip("/") if url else None

    @field_validator("slack_bot_token")
    @classmethod
    def _is_bot_token(cls, token: str) -> str:
        if not token.startswith("xoxb-"):
            raise ValueError("take the Bot User OAuth Token of the Slack app; it begins with xoxb-")
        return token

    @field_validator("slack_app_token")
    @classmethod
    def _is_app_token(cls, token: str | None, info: ValidationInfo) -> str | None:
        if not token and not info.data.get("slack_signing_secret"):
            raise ValueError(
                "SLACK_SIGNING_SECRET is missing: copy it from the Slack app's Basic Information page "
                "(or set SLACK_APP_TOKEN to use Socket Mode)"
            )
        if token and not token.startswith("xapp-"):
            raise ValueError("take an app-level token with connections:write; it begins with xapp-")
        return token

    @field_validator("twilio_account_sid")
    @classmethod
    def _is_account(cls, sid: str) -> str:
        if not re.fullmatch(r"AC[0-9a-fA-F]{32}", sid):
            raise ValueError("copy the Account SID from the carrier's console; it is AC and 32 hex digits")
        return sid

    @field_validator("twilio_api_secret")
    @classmethod
    def _belongs_to_its_key(cls, secret: str | None, info: ValidationInfo) -> str | None:
        if bool(secret) != bool(info.data.get("twilio_api_key")):
            raise ValueError("TWILIO_API_KEY and TWILIO_API_SECRET belong together: set both, or neither")
        return secret

    @field_validator("twilio_from_numbers")
    @classmethod
    def _are_numbers(cls, numbers: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not numbers and not info.data.get("twilio_messaging_service_sid"):
            raise ValueError(
                "TWILIO_MESSAGING_SERVICE_SID is missing: set it to your Messaging Service, or set TWILIO_FROM_NUMBERS "
                "to the numbers to send from"
            )
        wrong = [number for number in numbers if not re.fullmatch(r"\+[1-9]\d{6,14}", number)]
        if wrong:
            raise ValueError(f"{wrong[0]} is not an E.164 number such as +13135550100")
        return numbers

    @field_validator("admin_users")
    @classmethod
    def _are_member_ids(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [one for one in ids if not re.fullmatch(r"[UW][A-Z0-9]+", one)]:
            raise ValueError(f"{wrong[0]} is not a member id such as U0123ABCD (in Slack: Profile, ⋮, Copy member ID)")
        return ids

    @field_validator("default_region")
    @classmethod
    def _is_region(cls, region: str) -> str:
        if region.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("write a two-letter country code such as US")
        return region.upper()

    @field_validator("texting_hours")
    @classmethod
    def _is_rule(cls, rule: str) -> str:
        parts = [re.fullmatch(_HOURS, part.strip()) for part in rule.split(";")]
        if not all(part and (part[1] is None or part[1].zfill(5) < part[2].zfill(5) <= "24:00") for part in parts):
            raise ValueError("write the hours as 09:00-20:00, or as 09:00-20:00;sun 12:00-20:00")
        return rule

    @field_validator("follow_ups")
    @classmethod
    def _within_the_law(cls, follow_ups: int, info: ValidationInfo) -> int:
        hours = info.data.get("hours_between_first_texts", 24)
        first_texts = ceil(24 / hours)
        if first_texts + follow_ups > MOST_A_DAY:
            most = MOST_A_DAY - first_texts
            raise ValueError(
                f"FOLLOW_UPS ({follow_ups}) and HOURS_BETWEEN_FIRST_TEXTS ({hours}) together let "
                f"{first_texts + follow_ups} texts go to somebody in 24 hours; the law of some states allows "
                f"{MOST_A_DAY}. Set FOLLOW_UPS to {most}, or HOURS_BETWEEN_FIRST_TEXTS to at least "
                f"{ceil(24 / (MOST_A_DAY - follow_ups))}"
            )
        return follow_ups

    @classmethod
    def load(cls, **overrides: Any) -> "Settings":
        """From the environment. Raises SettingsError with everything that is wrong at once."""
        try:
            return cls(**overrides)
        except ValidationError as wrong:
            raise SettingsError("\n".join(_sentence(error) for error in wrong.errors())) from None


def _sentence(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"]).upper()
    what = error["msg"].removeprefix("Value error, ")
    if re.match(r"[A-Z_]{8,} ", what):
        return f"{what}."
    if error["type"] == "missing":
        return f"{name} is missing: set it in the environment (README.md, “Settings”, says where to find it)."
    if kind := _NUMBERS.get(error["type"].partition("_")[0]):
        what = f"write {kind}"
    elif "than" in error["type"]:
        what = f"write a number {what.removeprefix('Input should be ')}"
    if error["type"] == "string_too_short":
        what = "make it a random text of at least 16 characters, and never change it"
    return f"{name} is wrong: {what}."
