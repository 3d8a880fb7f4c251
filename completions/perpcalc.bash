# Completion of perpcalc for bash 3.2 and later; it needs no library.
# Written by completions/generate.py from the program's own tables: change those and run it again.

_perpcalc() {
    local line=${COMP_LINE:0:COMP_POINT} venue=${PERPCALC_VENUE-} words=() command= option= place=0 word current i
    local options= values= files= instruments venues='bigone binance bingx bitget bitmex bybit coinex delta deribit gate htx kraken kucoin mexc okx phemex'
    # Words as the user sees them: readline would split them at = and @ too.
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        case $option in
            '') ;;
            -v | --venue) venue=$word option= && continue ;;
            *) option= && continue ;;
        esac
        case $word in
            --venue=*) venue=${word#*=} ;;
            --*=* | --balances | --chart | --empty | --errors-ok | --exact | --explain | --hedge | --help | --isolated | --json | --max-open | --prune | --quiet | --require-stop | --stop-before-liquidation | --toml | --total | --update | --version | --wide | -h | -q | -w) ;;
            -?*) option=$word ;;
            *) case $command in
                '' | solve | portfolio | venues) command+="${command:+ }$word" ;;
                *) place=$((place + 1)) ;;
            esac ;;
        esac
    done
    current=${words[${#words[@]} - 1]}
    [[ -z $option && $current == --*=* ]] && option=${current%%=*} current=${current#*=}
    case $command in
        '') options='-h --help --version' values='pnl liq-price funding-cost size solve plan liq-cost hedge greeks power status stress check replay fills portfolio venues batch schema help' ;;
        'solve') options='-h --help' values='margin leverage contracts add close entry price' ;;
        'portfolio') options='-h --help' values='init add import remove validate show' ;;
        'venues') options='-h --help' values='list show validate import' ;;
        'pnl') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio -x --exit -m --mark --entry-fee --exit-fee --funding --target-roe --target-pnl -f --format --json --field --explain --exact -q --quiet -w --wide --total -h --help' ;;
        'liq-price') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio -m --mark --vol --horizon --mark-interval -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'funding-cost') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio -m --mark --rate --coin-rate --premium --premium-samples --history --index --for --intervals --interval -f --format --json --field --explain --exact -q --quiet -w --wide --total -h --help' ;;
        'size') options='-s --side -e --entry -v --venue -i --instrument --contract-size --currency -l --leverage --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio --account --stop --target --risk --risk-coin --risk-usd --max-open --max-leverage --buffer --slippage --entry-fee --exit-fee -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'solve margin') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -m --mark -p --portfolio --position --liquidation --margin-ratio -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'solve leverage') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -m --mark -p --portfolio --position --liquidation -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'solve contracts') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -m --mark -p --portfolio --position --liquidation -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'solve add') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -m --mark -p --portfolio --position --at --average --liquidation --margin-ratio --entry-fee -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'solve close') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -m --mark -p --portfolio --position --liquidation --margin-ratio --exit-fee -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'solve entry') options='-s --side -n --contracts --usd --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio --position --liquidation -x --exit --target-pnl --entry-fee --exit-fee -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'solve price') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -m --mark -p --portfolio --position --margin-ratio --equity --equity-usd -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'plan') options='-s --side -v --venue -i --instrument --contract-size --currency -l --leverage --margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio --account --order --take --stop --entry-fee --exit-fee --slippage --chart --svg -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'liq-cost') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio -m --mark --slippage --book --depth-factor --liquidation-fee --stop --vol --horizon --mark-interval -f --format --json --field --explain --exact -q --quiet -w --wide --total -h --help' ;;
        'hedge') options='--holding --price --ratio -v --venue -i --instrument --contract-size --currency -l --leverage --mmr --deduction --mm-basis --closing-fee -p --portfolio --account --rate --interval --entry-fee --exit-fee -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'greeks') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio -m --mark --collateral -f --format --json --field --explain --exact -q --quiet -w --wide --total -h --help' ;;
        'power') options='--power --index --vol --interest --funding-period --periods -m --mark --units --collateral --collateral-ratio -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'status') options='-p --portfolio -m --mark --beta -f --format --json --field --explain --exact -q --quiet -w --wide --total -h --help' ;;
        'stress') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio -m --mark --moves --from --to --steps --move --beta --scenario --chart --svg -f --format --json --field --explain --exact -q --quiet -w --wide --total -h --help' ;;
        'check') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -m --mark -p --portfolio --account --limits --max-leverage --min-liquidation-distance --max-margin-ratio --max-loss-at-stop --max-funding-per-day --stop-before-liquidation --require-stop --max-notional-usd --max-touch-probability --vol --horizon --stop --funding-rate --interval --entry-fee --exit-fee --order -f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'replay') options='-s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --contract-size --currency -l --leverage --margin --extra-margin --balance --mmr --deduction --mm-basis --closing-fee -p --portfolio --marks --history --stop --exit-fee --start --end --interval --chart --svg -f --format --json --field --explain --exact -q --quiet -w --wide --total -h --help' ;;
        'fills') options='-v --venue -i --instrument --contract-size --currency --funding --hedge -m --mark --into -f --format --json --field --explain --exact -q --quiet -w --wide --total -h --help' ;;
        'portfolio init') options='--empty -h --help' ;;
        'portfolio add') options='--name --account -s --side -n --contracts --usd --coin --fill -e --entry --entry-value -v --venue -i --instrument --currency --contract-size -l --leverage --margin --extra-margin -m --mark --stop --target --funding-rate --funding --entry-fee --exit-fee --mmr --deduction --mm-basis --closing-fee -h --help' ;;
        'portfolio import') options='--into --account -v --venue --isolated --balances --update --prune -h --help' ;;
        'portfolio remove') options='-h --help' ;;
        'portfolio validate') options='-h --help' ;;
        'portfolio show') options='-f --format --json --field --explain --exact -q --quiet -w --wide -h --help' ;;
        'venues list') options='-f --format --json --field -q --quiet -w --wide -h --help' ;;
        'venues show') options='--toml -f --format --json --field -q --quiet -w --wide -h --help' ;;
        'venues validate') options='-h --help' ;;
        'venues import') options='-i --instrument --date -l --leverage -h --help' ;;
        'batch') options='--jobs --errors-ok -q --quiet -h --help' ;;
        'schema') options='-h --help' ;;
        'help') options='-h --help' ;;
    esac
    case ${venue%%@*} in
        bigone) instruments='BTCUSD' ;;
        binance) instruments='BTCUSD_PERP ETHUSD_PERP SOLUSD_PERP XRPUSD_PERP DOGEUSD_PERP BNBUSD_PERP ADAUSD_PERP LINKUSD_PERP LTCUSD_PERP BCHUSD_PERP DOTUSD_PERP ETCUSD_PERP FILUSD_PERP AVAXUSD_PERP AAVEUSD_PERP NEARUSD_PERP SUIUSD_PERP TRXUSD_PERP UNIUSD_PERP XLMUSD_PERP SANDUSD_PERP MANAUSD_PERP ATOMUSD_PERP THETAUSD_PERP EGLDUSD_PERP' ;;
        bingx) instruments='BTC-USD ETH-USD XRP-USD SOL-USD BNB-USD' ;;
        bitget) instruments='BTCUSD_CM ETHUSD_CM SUIUSD_CM HYPEUSD_CM' ;;
        bitmex) instruments='XBTUSD XBTEUR' ;;
        bybit) instruments='BTCUSD ETHUSD XRPUSD EOSUSD DOTUSD BITUSD LTCUSD AAVEUSD ADAUSD APTUSD AVAXUSD BCHUSD DOGEUSD ETCUSD FILUSD LINKUSD MANAUSD MNTUSD NEARUSD OPUSD SOLUSD SUIUSD TONUSD UNIUSD WIFUSD XLMUSD' ;;
        coinex) instruments='BTCUSD ETHUSD' ;;
        delta) instruments='BTCUSD ETHUSD' ;;
        deribit) instruments='BTC-PERPETUAL ETH-PERPETUAL' ;;
        gate) instruments='BTC_USD' ;;
        htx) instruments='BTC-USD ETH-USD LINK-USD FIL-USD SHIB-USD ICP-USD UNI-USD ZEC-USD ATOM-USD DASH-USD DOT-USD EOS-USD XLM-USD ADA-USD THETA-USD LTC-USD YFI-USD SUSHI-USD YFII-USD AAVE-USD KSM-USD BCH-USD BSV-USD XRP-USD ETC-USD TRX-USD QTUM-USD IOTA-USD NEO-USD ONT-USD XMR-USD XTZ-USD ALGO-USD VET-USD DOGE-USD IOST-USD BTM-USD COMP-USD OMG-USD ANT-USD CRV-USD STORJ-USD NEAR-USD SOL-USD MATIC-USD SAND-USD MANA-USD AVAX-USD LUNA-USD GALA-USD' ;;
        kraken) instruments='PI_XBTUSD PI_ETHUSD PI_LTCUSD PI_BCHUSD PI_XRPUSD' ;;
        kucoin) instruments='XBTUSDM' ;;
        mexc) instruments='BTC_USD' ;;
        okx) instruments='BTC-USD-SWAP ETH-USD-SWAP EOS-USD-SWAP LTC-USD-SWAP BCH-USD-SWAP ETC-USD-SWAP XRP-USD-SWAP TRX-USD-SWAP BSV-USD-SWAP ADA-USD-SWAP 1INCH-USD-SWAP DOT-USD-SWAP DOGE-USD-SWAP SOL-USD-SWAP ALGO-USD-SWAP ATOM-USD-SWAP AVAX-USD-SWAP CRV-USD-SWAP DASH-USD-SWAP FIL-USD-SWAP GRT-USD-SWAP IOST-USD-SWAP IOTA-USD-SWAP KNC-USD-SWAP KSM-USD-SWAP LINK-USD-SWAP MANA-USD-SWAP NEO-USD-SWAP ONT-USD-SWAP QTUM-USD-SWAP SAND-USD-SWAP SUSHI-USD-SWAP THETA-USD-SWAP UNI-USD-SWAP XLM-USD-SWAP XMR-USD-SWAP XTZ-USD-SWAP YFI-USD-SWAP YFII-USD-SWAP ZEC-USD-SWAP' ;;
        phemex) instruments='BTCUSD cETHUSD' ;;
        *) instruments='1INCH-USD-SWAP AAVE-USD AAVEUSD AAVEUSD_PERP ADA-USD ADA-USD-SWAP ADAUSD ADAUSD_PERP ALGO-USD ALGO-USD-SWAP ANT-USD APTUSD ATOM-USD ATOM-USD-SWAP ATOMUSD_PERP AVAX-USD AVAX-USD-SWAP AVAXUSD AVAXUSD_PERP BCH-USD BCH-USD-SWAP BCHUSD BCHUSD_PERP BITUSD BNB-USD BNBUSD_PERP BSV-USD BSV-USD-SWAP BTC-PERPETUAL BTC-USD BTC-USD-SWAP BTCUSD BTCUSD_CM BTCUSD_PERP BTC_USD BTM-USD COMP-USD CRV-USD CRV-USD-SWAP DASH-USD DASH-USD-SWAP DOGE-USD DOGE-USD-SWAP DOGEUSD DOGEUSD_PERP DOT-USD DOT-USD-SWAP DOTUSD DOTUSD_PERP EGLDUSD_PERP EOS-USD EOS-USD-SWAP EOSUSD ETC-USD ETC-USD-SWAP ETCUSD ETCUSD_PERP ETH-PERPETUAL ETH-USD ETH-USD-SWAP ETHUSD ETHUSD_CM ETHUSD_PERP FIL-USD FIL-USD-SWAP FILUSD FILUSD_PERP GALA-USD GRT-USD-SWAP HYPEUSD_CM ICP-USD IOST-USD IOST-USD-SWAP IOTA-USD IOTA-USD-SWAP KNC-USD-SWAP KSM-USD KSM-USD-SWAP LINK-USD LINK-USD-SWAP LINKUSD LINKUSD_PERP LTC-USD LTC-USD-SWAP LTCUSD LTCUSD_PERP LUNA-USD MANA-USD MANA-USD-SWAP MANAUSD MANAUSD_PERP MATIC-USD MNTUSD NEAR-USD NEARUSD NEARUSD_PERP NEO-USD NEO-USD-SWAP OMG-USD ONT-USD ONT-USD-SWAP OPUSD PI_BCHUSD PI_ETHUSD PI_LTCUSD PI_XBTUSD PI_XRPUSD QTUM-USD QTUM-USD-SWAP SAND-USD SAND-USD-SWAP SANDUSD_PERP SHIB-USD SOL-USD SOL-USD-SWAP SOLUSD SOLUSD_PERP STORJ-USD SUIUSD SUIUSD_CM SUIUSD_PERP SUSHI-USD SUSHI-USD-SWAP THETA-USD THETA-USD-SWAP THETAUSD_PERP TONUSD TRX-USD TRX-USD-SWAP TRXUSD_PERP UNI-USD UNI-USD-SWAP UNIUSD UNIUSD_PERP VET-USD WIFUSD XBTEUR XBTUSD XBTUSDM XLM-USD XLM-USD-SWAP XLMUSD XLMUSD_PERP XMR-USD XMR-USD-SWAP XRP-USD XRP-USD-SWAP XRPUSD XRPUSD_PERP XTZ-USD XTZ-USD-SWAP YFI-USD YFI-USD-SWAP YFII-USD YFII-USD-SWAP ZEC-USD ZEC-USD-SWAP cETHUSD' ;;
    esac
    if [[ $option ]]; then
        [[ " $options " == *" $option "* ]] && case $command:$option in
            *:-s | *:--side) values='long short' ;;
            *:-v | *:--venue) values=$venues ;;
            *:-i | *:--instrument) values=$instruments ;;
            *:--mm-basis) values='entry mark' ;;
            *:-p | *:--portfolio | 'fills':--funding | *:--premium-samples | *:--history | *:--svg | *:--book | *:--limits | *:--marks | *:--into) files=yes ;;
            *:--entry-fee | *:--exit-fee) values='maker taker' ;;
            *:-f | *:--format) values='table json csv' ;;
            'pnl':--field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price exit_price entry_value exit_value gross_pnl entry_fee exit_fee funding net_pnl net_pnl_usd margin roe net_roe break_even_price target_price liquidation_price liquidated reason' ;;
            'liq-price':--field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price margin_mode margin leverage mm_basis tier maintenance_rate deduction closing_fee_rate maintenance_margin liquidation_price liquidation_below liquidation_above bankruptcy_price distance touch_probability margin_ratio reason' ;;
            'funding-cost':--field) values='name account venue instrument currency side contracts contract_size notional_usd mark_price position_value premium rate interval_hours intervals payment total total_usd apr apy margin_share liquidation_price liquidation_price_after intervals_to_liquidation reason' ;;
            'size':--field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price stop_price risk position_value loss_at_stop loss_at_stop_usd fees leverage max_safe_leverage margin liquidation_price binding reward_risk order_cost reason' ;;
            'solve margin':--field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price goal goal_value value unit contracts_after entry_price_after margin_after liquidation_price_after margin_ratio_after reason' ;;
            'solve leverage':--field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price goal goal_value value unit contracts_after entry_price_after margin_after liquidation_price_after margin_ratio_after reason' ;;
            'solve contracts':--field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price goal goal_value value unit contracts_after entry_price_after margin_after liquidation_price_after margin_ratio_after reason' ;;
            'solve add':--field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price goal goal_value value unit contracts_after entry_price_after margin_after liquidation_price_after margin_ratio_after reason' ;;
            'solve close':--field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price goal goal_value value unit contracts_after entry_price_after margin_after liquidation_price_after margin_ratio_after reason' ;;
            'solve entry':--field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price goal goal_value value unit contracts_after entry_price_after margin_after liquidation_price_after margin_ratio_after reason' ;;
            'solve price':--field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price goal goal_value value unit contracts_after entry_price_after margin_after liquidation_price_after margin_ratio_after reason' ;;
            'plan':--field) values='step event price traded contracts entry_price margin liquidation_price realised_pnl loss_at_stop loss_at_stop_usd r_multiple status reason' ;;
            'liq-cost':--field) values='name account venue instrument currency side contracts contract_size notional_usd liquidation_price bankruptcy_price value_at_liquidation liquidation_fee slippage_cost margin_forfeited total_cost total_cost_usd margin_lost stop_price equity_after_stop saved_by_stop touch_probability expected_cost_usd reason' ;;
            'hedge':--field) values='side contracts notional_usd residual_delta locked_usd funding_per_day_usd carry_apr break_even_days liquidation_price reason' ;;
            'greeks':--field) values='name account venue instrument currency side contracts contract_size notional_usd frame value delta gamma delta_unit gamma_unit reason' ;;
            'power':--field) values='power index mark fair_mark premium funding_per_day delta gamma implied_vol liquidation_price hedge_notional_usd reason' ;;
            'status':--field) values='account position venue currency positions balance equity equity_usd maintenance_margin margin_ratio leverage delta funding_per_day_usd down up reason' ;;
            'stress':--field) values='account currency price move pnl equity equity_usd maintenance_margin margin_ratio status position reason' ;;
            'check':--field) values='position rule limit value status' ;;
            'replay':--field) values='account position start end bars survived ended_at ended_by price net_pnl net_pnl_usd funding max_margin_ratio max_margin_ratio_at max_drawdown max_drawdown_usd reason' ;;
            'fills':--field) values='name account venue instrument currency side contracts contract_size notional_usd trades bought sold realised_pnl fees funding net_realised entry_price entry_value break_even_price unrealised_pnl reason' ;;
            'portfolio show':--field) values='name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price margin_mode margin leverage stop_price target_price funding_rate' ;;
            'venues list':--field) values='name title instruments known_until contracts own' ;;
            *:--scenario) values='2020-03-12 2021-05-19 2022-06 2022-11-08 2024-08-05 2025-10-10 list' ;;
        esac
    else
        case $command:$place in
            'fills':0) files=yes ;;
            'portfolio init':0) files=yes ;;
            'portfolio add':0) files=yes ;;
            'portfolio import':0) files=yes ;;
            'portfolio remove':0) files=yes ;;
            'portfolio validate':0) files=yes ;;
            'portfolio show':0) files=yes ;;
            'venues show':0) values=$venues ;;
            'venues validate':0) files=yes ;;
            'venues import':0) values=$venues ;;
            'venues import':1) files=yes ;;
            'schema':0) values='pnl liq-price funding-cost size solve plan liq-cost hedge greeks power status stress check replay fills' ;;
            'help':0) values='pnl liq-price funding-cost size solve plan liq-cost hedge greeks power status stress check replay fills portfolio venues batch schema' ;;
        esac
        # Short names only where a dash asks for them.
        [[ $current == -* || -z $values$files ]] && values=$options files= current=${current:---}
    fi
    if [[ $files ]]; then
        # Without an answer readline completes file names itself, with all their quoting.
        COMPREPLY=()
        compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$current"))
    else
        COMPREPLY=($(compgen -W "$values" -- "$current"))
    fi
}

complete -F _perpcalc perpcalc
