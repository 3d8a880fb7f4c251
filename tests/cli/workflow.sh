#!/bin/sh
# From an empty folder to a decision: make a portfolio, take over what the exchange holds, size a trade, let it out only if the
# whole wallet stays within the limits afterwards. $1 is what ccxt's fetch_positions returned, $2 the share of the balance to risk,
# and what follows are limits more.
set -eu

cat >book.toml <<'END'
[prices]
BTC = 64_000

[[accounts]]
name = "main"
venue = "binance"
balance = 1.25

[limits]
max_leverage = 2
min_liquidation_distance = "15%"
max_loss_at_stop = "2%"
stop_before_liquidation = true
require_stop = true
END

dump=$1
risk=$2
shift 2

perpcalc portfolio validate book.toml
perpcalc portfolio import "$dump" --into book.toml --account main

entry=64000
stop=61000
contracts=$(perpcalc size -p book.toml --account main --entry $entry --stop $stop --risk "$risk" --field contracts)

trade="--account main --side long --contracts $contracts --entry $entry --stop $stop --funding-rate 0.01%"
# shellcheck disable=SC2086  # the options of the trade are words
if perpcalc check -p book.toml $trade "$@" --json >verdict.json; then
    perpcalc portfolio add book.toml --name trade $trade
    echo "sent $contracts contracts"
else
    status=$?
    case $status in
        1) echo "held back $contracts contracts" ;;
        *) echo "no verdict" ;;
    esac
    exit $status
fi

perpcalc liq-price -p book.toml --field liquidation_price >after.txt
perpcalc portfolio show book.toml
