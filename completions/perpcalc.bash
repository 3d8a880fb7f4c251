# Completion of perpcalc for bash. Written by completions/generate.py from the program's option tables: change those and run it again.

_perpcalc() {
    local line=${COMP_LINE:0:COMP_POINT} command= option= venue= words=() word previous= current i
    local options= values= files=
    local venues='binance bitmex bybit coinex deribit gate kraken kucoin okx phemex' instruments
    # Words as the user sees them: readline would split them at = and @ too.
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        case $previous in -v | --venue) venue=$word ;; esac
        case $word in
            --venue=*) venue=${word#*=} ;;
            -*) ;;
            *) case $command in '') command=$word ;; portfolio | venues) command+=" $word" ;; esac ;;
        esac
        previous=$word
    done
    current=${words[${#words[@]} - 1]}
    case $current in
        --*=*) option=${current%%=*} current=${current#*=} ;;
        *) option=$previous ;;
    esac
    case ${venue%%@*} in
        binance) instruments='BTCUSD_PERP ETHUSD_PERP SOLUSD_PERP LTCUSD_PERP TRXUSD_PERP DOGEUSD_PERP LINKUSD_PERP BNBUSD_PERP DOTUSD_PERP ADAUSD_PERP BCHUSD_PERP XRPUSD_PERP ETCUSD_PERP FILUSD_PERP EGLDUSD_PERP UNIUSD_PERP THETAUSD_PERP XLMUSD_PERP SANDUSD_PERP MANAUSD_PERP AVAXUSD_PERP NEARUSD_PERP ATOMUSD_PERP AAVEUSD_PERP' ;;
        bitmex) instruments='XBTUSD' ;;
        bybit) instruments='BTCUSD ETHUSD XRPUSD EOSUSD DOTUSD BITUSD LTCUSD' ;;
        coinex) instruments='BTCUSD ETHUSD' ;;
        deribit) instruments='BTC-PERPETUAL ETH-PERPETUAL' ;;
        gate) instruments='BTC_USD' ;;
        kraken) instruments='PI_XBTUSD PI_ETHUSD PI_LTCUSD PI_BCHUSD PI_XRPUSD' ;;
        kucoin) instruments='XBTUSDM' ;;
        okx) instruments='BTC-USD-SWAP ETH-USD-SWAP LTC-USD-SWAP BCH-USD-SWAP BSV-USD-SWAP ETC-USD-SWAP EOS-USD-SWAP XRP-USD-SWAP TRX-USD-SWAP' ;;
        phemex) instruments='BTCUSD cETHUSD' ;;
        *) instruments='AAVEUSD_PERP ADAUSD_PERP ATOMUSD_PERP AVAXUSD_PERP BCH-USD-SWAP BCHUSD_PERP BITUSD BNBUSD_PERP BSV-USD-SWAP BTC-PERPETUAL BTC-USD-SWAP BTCUSD BTCUSD_PERP BTC_USD DOGEUSD_PERP DOTUSD DOTUSD_PERP EGLDUSD_PERP EOS-USD-SWAP EOSUSD ETC-USD-SWAP ETCUSD_PERP ETH-PERPETUAL ETH-USD-SWAP ETHUSD ETHUSD_PERP FILUSD_PERP LINKUSD_PERP LTC-USD-SWAP LTCUSD LTCUSD_PERP MANAUSD_PERP NEARUSD_PERP PI_BCHUSD PI_ETHUSD PI_LTCUSD PI_XBTUSD PI_XRPUSD SANDUSD_PERP SOLUSD_PERP THETAUSD_PERP TRX-USD-SWAP TRXUSD_PERP UNIUSD_PERP XBTUSD XBTUSDM XLMUSD_PERP XRP-USD-SWAP XRPUSD XRPUSD_PERP cETHUSD' ;;
    esac
    case $command in
        '') option= values='pnl liq-price funding-cost size liq-cost hedge greeks power stress check portfolio venues batch' options='-h --help --version' ;;
        portfolio) option= values='init add import validate show' options='-h --help' ;;
        venues) option= values='list show validate' options='-h --help' ;;
        'pnl')
            options='-s --side -n --contracts --usd --coin --fill -e --entry -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio -x --exit -m --mark --entry-fee --exit-fee --funding --target-roe --target-pnl --exact -f --format --json --field --explain -h --help'
            case $option in
                -s | --side) values='long short' ;;
                -v | --venue) values=$venues ;;
                -i | --instrument) values=$instruments ;;
                --mm-basis) values='entry mark' ;;
                -p | --portfolio) files=yes ;;
                --entry-fee) values='maker taker' ;;
                --exit-fee) values='maker taker' ;;
                -f | --format) values='table json csv' ;;
                --field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price exit_price entry_value exit_value gross_pnl entry_fee exit_fee funding net_pnl net_pnl_usd margin roe net_roe break_even_price target_price reason' ;;
                -n | --contracts | --usd | --coin | --fill | -e | --entry | --contract-size | --currency | -l | --leverage | --margin | --extra-margin | --balance | --mmr | --deduction | --closing-fee | -x | --exit | -m | --mark | --funding | --target-roe | --target-pnl) ;;
                *) option= ;;
            esac ;;
        'liq-price')
            options='-s --side -n --contracts --usd --coin --fill -e --entry -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio -m --mark --vol --horizon --mark-interval --exact -f --format --json --field --explain -h --help'
            case $option in
                -s | --side) values='long short' ;;
                -v | --venue) values=$venues ;;
                -i | --instrument) values=$instruments ;;
                --mm-basis) values='entry mark' ;;
                -p | --portfolio) files=yes ;;
                -f | --format) values='table json csv' ;;
                --field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price margin_mode margin leverage mm_basis tier maintenance_rate deduction closing_fee_rate maintenance_margin liquidation_price liquidation_below liquidation_above bankruptcy_price distance touch_probability reason' ;;
                -n | --contracts | --usd | --coin | --fill | -e | --entry | --contract-size | --currency | -l | --leverage | --margin | --extra-margin | --balance | --mmr | --deduction | --closing-fee | -m | --mark | --vol | --horizon | --mark-interval) ;;
                *) option= ;;
            esac ;;
        'funding-cost')
            options='-s --side -n --contracts --usd --coin --fill -e --entry -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio -m --mark --rate --premium --premium-samples --history --index --for --intervals --interval --exact -f --format --json --field --explain -h --help'
            case $option in
                -s | --side) values='long short' ;;
                -v | --venue) values=$venues ;;
                -i | --instrument) values=$instruments ;;
                --mm-basis) values='entry mark' ;;
                -p | --portfolio) files=yes ;;
                --premium-samples) files=yes ;;
                --history) files=yes ;;
                -f | --format) values='table json csv' ;;
                --field) values='name account venue instrument currency side contracts contract_size notional_usd mark_price position_value premium rate interval_hours intervals payment total total_usd apr apy margin_share liquidation_price liquidation_price_after intervals_to_liquidation reason' ;;
                -n | --contracts | --usd | --coin | --fill | -e | --entry | --contract-size | --currency | -l | --leverage | --margin | --extra-margin | --balance | --mmr | --deduction | --closing-fee | -m | --mark | --rate | --premium | --index | --for | --intervals | --interval) ;;
                *) option= ;;
            esac ;;
        'size')
            options='-s --side -e --entry --stop --target --risk --risk-coin --risk-usd --balance -l --leverage --max-leverage --buffer --slippage --entry-fee --exit-fee -v --venue -i --instrument --contract-size --currency --mmr --deduction --mm-basis --closing-fee -p --portfolio --account --exact -f --format --json --field --explain -h --help'
            case $option in
                -s | --side) values='long short' ;;
                --entry-fee) values='maker taker' ;;
                --exit-fee) values='maker taker' ;;
                -v | --venue) values=$venues ;;
                -i | --instrument) values=$instruments ;;
                --mm-basis) values='entry mark' ;;
                -p | --portfolio) files=yes ;;
                -f | --format) values='table json csv' ;;
                --field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price stop_price risk position_value loss_at_stop loss_at_stop_usd fees leverage max_safe_leverage margin liquidation_price binding reward_risk reason' ;;
                -e | --entry | --stop | --target | --risk | --risk-coin | --risk-usd | --balance | -l | --leverage | --max-leverage | --buffer | --slippage | --contract-size | --currency | --mmr | --deduction | --closing-fee | --account) ;;
                *) option= ;;
            esac ;;
        'liq-cost')
            options='-s --side -n --contracts --usd --coin --fill -e --entry -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio --slippage --liquidation-fee --stop --vol --horizon --mark-interval --exact -f --format --json --field --explain -h --help'
            case $option in
                -s | --side) values='long short' ;;
                -v | --venue) values=$venues ;;
                -i | --instrument) values=$instruments ;;
                --mm-basis) values='entry mark' ;;
                -p | --portfolio) files=yes ;;
                -f | --format) values='table json csv' ;;
                --field) values='name account venue instrument currency side contracts contract_size notional_usd liquidation_price bankruptcy_price value_at_liquidation liquidation_fee slippage_cost margin_forfeited total_cost total_cost_usd margin_lost stop_price equity_after_stop saved_by_stop touch_probability expected_cost_usd reason' ;;
                -n | --contracts | --usd | --coin | --fill | -e | --entry | --contract-size | --currency | -l | --leverage | --margin | --extra-margin | --balance | --mmr | --deduction | --closing-fee | --slippage | --liquidation-fee | --stop | --vol | --horizon | --mark-interval) ;;
                *) option= ;;
            esac ;;
        'hedge')
            options='--holding --price --ratio --rate --interval -l --leverage --entry-fee --exit-fee -v --venue -i --instrument --contract-size --currency --mmr --deduction --mm-basis --closing-fee --exact -f --format --json --field --explain -h --help'
            case $option in
                --entry-fee) values='maker taker' ;;
                --exit-fee) values='maker taker' ;;
                -v | --venue) values=$venues ;;
                -i | --instrument) values=$instruments ;;
                --mm-basis) values='entry mark' ;;
                -f | --format) values='table json csv' ;;
                --field) values='side contracts notional_usd residual_delta locked_usd funding_per_day_usd carry_apr break_even_days liquidation_price reason' ;;
                --holding | --price | --ratio | --rate | --interval | -l | --leverage | --contract-size | --currency | --mmr | --deduction | --closing-fee) ;;
                *) option= ;;
            esac ;;
        'greeks')
            options='-s --side -n --contracts --usd --coin --fill -e --entry -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio -m --mark --collateral --exact -f --format --json --field --explain -h --help'
            case $option in
                -s | --side) values='long short' ;;
                -v | --venue) values=$venues ;;
                -i | --instrument) values=$instruments ;;
                --mm-basis) values='entry mark' ;;
                -p | --portfolio) files=yes ;;
                -f | --format) values='table json csv' ;;
                --field) values='name account venue instrument currency side contracts contract_size notional_usd frame value delta gamma delta_unit gamma_unit' ;;
                -n | --contracts | --usd | --coin | --fill | -e | --entry | --contract-size | --currency | -l | --leverage | --margin | --extra-margin | --balance | --mmr | --deduction | --closing-fee | -m | --mark | --collateral) ;;
                *) option= ;;
            esac ;;
        'power')
            options='--power --index --vol --interest --funding-period --periods -m --mark --exact -f --format --json --field --explain -h --help'
            case $option in
                -f | --format) values='table json csv' ;;
                --field) values='power index mark fair_mark premium funding_per_day delta gamma implied_vol reason' ;;
                --power | --index | --vol | --interest | --funding-period | --periods | -m | --mark) ;;
                *) option= ;;
            esac ;;
        'stress')
            options='-s --side -n --contracts --usd --coin --fill -e --entry -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio -m --mark --moves --from --to --steps --chart --svg --exact -f --format --json --field --explain -h --help'
            case $option in
                -s | --side) values='long short' ;;
                -v | --venue) values=$venues ;;
                -i | --instrument) values=$instruments ;;
                --mm-basis) values='entry mark' ;;
                -p | --portfolio) files=yes ;;
                --svg) files=yes ;;
                -f | --format) values='table json csv' ;;
                --field) values='account currency price move pnl equity equity_usd maintenance_margin margin_ratio status' ;;
                -n | --contracts | --usd | --coin | --fill | -e | --entry | --contract-size | --currency | -l | --leverage | --margin | --extra-margin | --balance | --mmr | --deduction | --closing-fee | -m | --mark | --moves | --from | --to | --steps) ;;
                *) option= ;;
            esac ;;
        'check')
            options='-s --side -n --contracts --usd --coin --fill -e --entry -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee --stop --funding-rate --interval --entry-fee --exit-fee -m --mark -p --portfolio --account --limits --max-leverage --min-liquidation-distance --max-loss-at-stop --max-funding-per-day --stop-before-liquidation --require-stop --max-notional-usd --max-touch-probability --vol --horizon --exact -f --format --json --field --explain -h --help'
            case $option in
                -s | --side) values='long short' ;;
                -v | --venue) values=$venues ;;
                -i | --instrument) values=$instruments ;;
                --mm-basis) values='entry mark' ;;
                --entry-fee) values='maker taker' ;;
                --exit-fee) values='maker taker' ;;
                -p | --portfolio) files=yes ;;
                --limits) files=yes ;;
                -f | --format) values='table json csv' ;;
                --field) values='position rule limit value status' ;;
                -n | --contracts | --usd | --coin | --fill | -e | --entry | --contract-size | --currency | -l | --leverage | --margin | --extra-margin | --balance | --mmr | --deduction | --closing-fee | --stop | --funding-rate | --interval | -m | --mark | --account | --max-leverage | --min-liquidation-distance | --max-loss-at-stop | --max-funding-per-day | --max-notional-usd | --max-touch-probability | --vol | --horizon) ;;
                *) option= ;;
            esac ;;
        'portfolio init')
            options='-h --help'
            case $option in
                *) option= files=yes ;;
            esac ;;
        'portfolio add')
            options='--name --account -v --venue --currency -i --instrument -s --side -n --contracts --usd --coin --fill -e --entry -l --leverage --margin --extra-margin -m --mark --stop --target --funding-rate --funding --entry-fee --exit-fee --mmr --deduction --mm-basis --closing-fee -h --help'
            case $option in
                -v | --venue) values=$venues ;;
                -i | --instrument) values=$instruments ;;
                -s | --side) values='long short' ;;
                --entry-fee) values='maker taker' ;;
                --exit-fee) values='maker taker' ;;
                --mm-basis) values='entry mark' ;;
                --name | --account | --currency | -n | --contracts | --usd | --coin | --fill | -e | --entry | -l | --leverage | --margin | --extra-margin | -m | --mark | --stop | --target | --funding-rate | --funding | --mmr | --deduction | --closing-fee) ;;
                *) option= files=yes ;;
            esac ;;
        'portfolio import')
            options='--into --account -v --venue -h --help'
            case $option in
                --into) files=yes ;;
                -v | --venue) values=$venues ;;
                --account) ;;
                *) option= files=yes ;;
            esac ;;
        'portfolio validate')
            options='-h --help'
            case $option in
                *) option= files=yes ;;
            esac ;;
        'portfolio show')
            options='--exact -f --format --json --field --explain -h --help'
            case $option in
                -f | --format) values='table json csv' ;;
                --field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price margin_mode margin leverage stop_price target_price funding_rate' ;;
                *) option= files=yes ;;
            esac ;;
        'venues list')
            options='-f --format --json --field -h --help'
            case $option in
                -f | --format) values='table json csv' ;;
                --field) ;;
                *) option= ;;
            esac ;;
        'venues show')
            options='--toml -f --format --json --field -h --help'
            case $option in
                -f | --format) values='table json csv' ;;
                --field) ;;
                *) option= values=$venues ;;
            esac ;;
        'venues validate')
            options='-h --help'
            case $option in
                *) option= files=yes ;;
            esac ;;
        'batch')
            options='-h --help'
            case $option in
                *) option= ;;
            esac ;;
    esac
    if [[ -z $option && ( $current == -* || -z $values$files ) ]]; then
        # Short names only where a dash asks for them.
        COMPREPLY=($(compgen -W "$options" -- "${current:---}"))
    elif [[ $files ]]; then
        # Without an answer readline completes file names itself, with all their quoting.
        COMPREPLY=()
        compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$current"))
    else
        COMPREPLY=($(compgen -W "$values" -- "$current"))
    fi
}

complete -F _perpcalc perpcalc
