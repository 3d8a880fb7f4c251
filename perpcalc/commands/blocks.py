"""What lives and dies together: each account of a portfolio, and each position margined by itself."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from perpcalc.commands.book import Book
from perpcalc.commands.case import Case, Shared
from perpcalc.commands.positions import unknown
from perpcalc.core.liquidation import Ends, ends
from perpcalc.core.stress import Fatal, Rung, Stake, fatal_moves, ladder
from perpcalc.core.wallet import Wallet
from perpcalc.decimals import ZERO
from perpcalc.options import MARK

if TYPE_CHECKING:
    from perpcalc.commands.unified import UnifiedShared


class Block(NamedTuple):
    """An account or an isolated position; of an account the `account` is named, of a position the `position`.

    `price` is that of its coin now, `stake` its wallet, or `unified` the account of several coins; neither is known where
    there is a `reason`.
    """

    account: str | None
    position: str | None
    venue: str | None
    currency: str
    balance: Decimal | None
    price: Decimal | None
    cases: Sequence[Any]
    stake: Stake | None = None
    unified: "UnifiedShared | None" = None
    reason: str | None = None

    @property
    def label(self) -> str:
        """What the block is called."""
        return self.account or self.position or "Position"

    @property
    def fatal(self) -> Fatal:
        """The moves that liquidate it; of what is not known, none."""
        return Fatal(None, None) if self.stake is None else fatal_moves(self.stake)

    def rungs(self, moves: Sequence[Decimal]) -> list[Rung]:
        """What is left of it after moves of its coin."""
        return [] if self.stake is None else ladder(self.stake, moves)


def blocks_of(book: Book) -> list[Block]:
    """The accounts in the order of the file, then the positions that are margined by themselves."""
    made: list[Block] = []
    members: dict[str, list[Any]] = {}
    for case in book.entries:
        if case.shared is not None:
            members.setdefault(case.shared.name, []).append(case)
    for account in book.portfolio.accounts:
        cases = members.get(account.name, [])
        if account.unified is not None:
            from perpcalc.commands.unified import unified_block

            made.append(unified_block(book, account, cases))
        else:
            price = book.price(account.currency, cases)
            made.append(
                _of_account(account.name, account.venue, account.currency, account.balance or ZERO, price, cases)
            )
    made.extend(block_of(case) for case in book.cases if case.shared is None)
    return made


def block_of(case: Case) -> Block:
    """A position by itself, on its own margin or on a balance that nothing else shares."""
    reasons: list[str] = []
    standing = unknown(case.margined, reasons) and unknown(case.standing, reasons)
    mark = case.mark or (case.position and case.position.entry_price if case.place is None else None)
    if mark is None and not reasons:
        reasons.append(f"{MARK.name}: is missing: give the position a mark, or its coin a price in [prices]")
    stake: Stake | None = None
    if standing is not None and mark is not None:
        margin = case.margined()
        wallet = standing.wallet._replace(
            collateral=margin.coin, constant=standing.wallet.constant + margin.coin - margin.usable
        )
        stake = Stake(wallet, mark, margin.coin - margin.usable)
    margin_coin = None if case.margin is None else case.margin.coin
    return Block(
        None if case.margin is None or case.margin.mode == "isolated" else case.account,
        case.name,
        case.instrument.venue,
        case.instrument.currency,
        margin_coin,
        mark,
        [case],
        stake,
        reason=reasons[0] if reasons else None,
    )


def _of_account(
    name: str, venue: str | None, currency: str, balance: Decimal, price: Decimal | None, cases: Sequence[Case]
) -> Block:
    shared: Shared | None = cases[0].shared if cases else None
    reasons: list[str] = []
    stake: Stake | None = None
    if price is None:
        reasons.append(f"{currency} has no price: write it into [prices]")
    elif shared is None:
        stake = Stake(Wallet(balance, balance, ZERO, (), ()), price)
    else:
        wallet = unknown(lambda: shared.wallet, reasons)
        stake = wallet and Stake(wallet, cases[0].mark or price)
    return Block(name, None, venue, currency, balance, price, cases, stake, reason=reasons[0] if reasons else None)


def ends_of(block: Block) -> Ends | None:
    """Where the wallet of a block lives; None where that is not known, or it holds no position."""
    if block.stake is None or not block.stake.wallet.groups:
        return None
    shared = block.cases[0].shared
    if shared is not None:
        found: Ends = shared.ends
        return found
    return ends(block.stake.wallet, block.cases[0].holding())
