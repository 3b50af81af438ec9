"""Amounts as people write them."""

from decimal import Decimal

import pytest

from bot.errors import Refusal
from bot.services.money import Prices, as_written, in_words, read_budget


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("250", 25_000),
        ("$1,250.50", 125_050),
        (" $ 1,000,000 ", 100_000_000),
        ("0.5", 50),
        ("None", None),
        ("", None),
    ],
)
def test_an_amount_is_read_as_people_write_it(written: str, cents: int | None) -> None:
    assert read_budget(written) == cents
    assert read_budget(as_written(cents)) == cents


@pytest.mark.parametrize("written", "lots 1.250,50 $12,50 -5 0 0.00 1,000,001 999999999999 1.005 €5".split())
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_budget(written)
    assert refused.value.field == "budget"


def test_money_is_exact() -> None:
    prices = Prices(Decimal("0.0083"), Decimal("0.03"))
    assert prices.cost(30_000) == Decimal("249")
    assert in_words(prices.cost(1, 2)) == "$0.07"
