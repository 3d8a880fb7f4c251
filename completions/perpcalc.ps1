# Completion of perpcalc for PowerShell: dot-source it from your profile.
# Written by completions/generate.py from the program's own tables: change those and run it again.

Register-ArgumentCompleter -Native -CommandName perpcalc -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $venues = @('bigone', 'binance', 'bingx', 'bitget', 'bitmex', 'bybit', 'coinex', 'delta', 'deribit', 'gate', 'htx', 'kraken', 'kucoin', 'mexc', 'okx', 'phemex')
    $instruments = @{
        'bigone' = @('BTCUSD')
        'binance' = @('BTCUSD_PERP', 'ETHUSD_PERP', 'SOLUSD_PERP', 'XRPUSD_PERP', 'DOGEUSD_PERP', 'BNBUSD_PERP', 'ADAUSD_PERP', 'LINKUSD_PERP', 'LTCUSD_PERP', 'BCHUSD_PERP', 'DOTUSD_PERP', 'ETCUSD_PERP', 'FILUSD_PERP', 'AVAXUSD_PERP', 'AAVEUSD_PERP', 'NEARUSD_PERP', 'SUIUSD_PERP', 'TRXUSD_PERP', 'UNIUSD_PERP', 'XLMUSD_PERP', 'SANDUSD_PERP', 'MANAUSD_PERP', 'ATOMUSD_PERP', 'THETAUSD_PERP', 'EGLDUSD_PERP')
        'bingx' = @('BTC-USD', 'ETH-USD', 'XRP-USD', 'SOL-USD', 'BNB-USD')
        'bitget' = @('BTCUSD_CM', 'ETHUSD_CM', 'SUIUSD_CM', 'HYPEUSD_CM')
        'bitmex' = @('XBTUSD', 'XBTEUR')
        'bybit' = @('BTCUSD', 'ETHUSD', 'XRPUSD', 'EOSUSD', 'DOTUSD', 'BITUSD', 'LTCUSD', 'AAVEUSD', 'ADAUSD', 'APTUSD', 'AVAXUSD', 'BCHUSD', 'DOGEUSD', 'ETCUSD', 'FILUSD', 'LINKUSD', 'MANAUSD', 'MNTUSD', 'NEARUSD', 'OPUSD', 'SOLUSD', 'SUIUSD', 'TONUSD', 'UNIUSD', 'WIFUSD', 'XLMUSD')
        'coinex' = @('BTCUSD', 'ETHUSD')
        'delta' = @('BTCUSD', 'ETHUSD')
        'deribit' = @('BTC-PERPETUAL', 'ETH-PERPETUAL')
        'gate' = @('BTC_USD')
        'htx' = @('BTC-USD', 'ETH-USD', 'LINK-USD', 'FIL-USD', 'SHIB-USD', 'ICP-USD', 'UNI-USD', 'ZEC-USD', 'ATOM-USD', 'DASH-USD', 'DOT-USD', 'EOS-USD', 'XLM-USD', 'ADA-USD', 'THETA-USD', 'LTC-USD', 'YFI-USD', 'SUSHI-USD', 'YFII-USD', 'AAVE-USD', 'KSM-USD', 'BCH-USD', 'BSV-USD', 'XRP-USD', 'ETC-USD', 'TRX-USD', 'QTUM-USD', 'IOTA-USD', 'NEO-USD', 'ONT-USD', 'XMR-USD', 'XTZ-USD', 'ALGO-USD', 'VET-USD', 'DOGE-USD', 'IOST-USD', 'BTM-USD', 'COMP-USD', 'OMG-USD', 'ANT-USD', 'CRV-USD', 'STORJ-USD', 'NEAR-USD', 'SOL-USD', 'MATIC-USD', 'SAND-USD', 'MANA-USD', 'AVAX-USD', 'LUNA-USD', 'GALA-USD')
        'kraken' = @('PI_XBTUSD', 'PI_ETHUSD', 'PI_LTCUSD', 'PI_BCHUSD', 'PI_XRPUSD')
        'kucoin' = @('XBTUSDM')
        'mexc' = @('BTC_USD')
        'okx' = @('BTC-USD-SWAP', 'ETH-USD-SWAP', 'EOS-USD-SWAP', 'LTC-USD-SWAP', 'BCH-USD-SWAP', 'ETC-USD-SWAP', 'XRP-USD-SWAP', 'TRX-USD-SWAP', 'BSV-USD-SWAP', 'ADA-USD-SWAP', '1INCH-USD-SWAP', 'DOT-USD-SWAP', 'DOGE-USD-SWAP', 'SOL-USD-SWAP', 'ALGO-USD-SWAP', 'ATOM-USD-SWAP', 'AVAX-USD-SWAP', 'CRV-USD-SWAP', 'DASH-USD-SWAP', 'FIL-USD-SWAP', 'GRT-USD-SWAP', 'IOST-USD-SWAP', 'IOTA-USD-SWAP', 'KNC-USD-SWAP', 'KSM-USD-SWAP', 'LINK-USD-SWAP', 'MANA-USD-SWAP', 'NEO-USD-SWAP', 'ONT-USD-SWAP', 'QTUM-USD-SWAP', 'SAND-USD-SWAP', 'SUSHI-USD-SWAP', 'THETA-USD-SWAP', 'UNI-USD-SWAP', 'XLM-USD-SWAP', 'XMR-USD-SWAP', 'XTZ-USD-SWAP', 'YFI-USD-SWAP', 'YFII-USD-SWAP', 'ZEC-USD-SWAP')
        'phemex' = @('BTCUSD', 'cETHUSD')
    }
    # What follows each command: commands and options.
    $words = @{
        '' = @('pnl', 'liq-price', 'funding-cost', 'size', 'solve', 'plan', 'liq-cost', 'hedge', 'greeks', 'power', 'status', 'stress', 'check', 'replay', 'fills', 'portfolio', 'venues', 'batch', 'schema', 'help', '-h', '--help', '--version')
        'solve' = @('margin', 'leverage', 'contracts', 'add', 'close', 'entry', 'price', '-h', '--help')
        'portfolio' = @('init', 'add', 'import', 'remove', 'validate', 'show', '-h', '--help')
        'venues' = @('list', 'show', 'validate', 'import', '-h', '--help')
        'pnl' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-p', '--portfolio', '-x', '--exit', '-m', '--mark', '--entry-fee', '--exit-fee', '--funding', '--target-roe', '--target-pnl', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '--total', '-h', '--help')
        'liq-price' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-p', '--portfolio', '-m', '--mark', '--vol', '--horizon', '--mark-interval', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'funding-cost' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-p', '--portfolio', '-m', '--mark', '--rate', '--coin-rate', '--premium', '--premium-samples', '--history', '--index', '--for', '--intervals', '--interval', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '--total', '-h', '--help')
        'size' = @('-s', '--side', '-e', '--entry', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-p', '--portfolio', '--account', '--stop', '--target', '--risk', '--risk-coin', '--risk-usd', '--max-open', '--max-leverage', '--buffer', '--slippage', '--entry-fee', '--exit-fee', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'solve margin' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-m', '--mark', '-p', '--portfolio', '--position', '--liquidation', '--margin-ratio', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'solve leverage' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-m', '--mark', '-p', '--portfolio', '--position', '--liquidation', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'solve contracts' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-m', '--mark', '-p', '--portfolio', '--position', '--liquidation', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'solve add' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-m', '--mark', '-p', '--portfolio', '--position', '--at', '--average', '--liquidation', '--margin-ratio', '--entry-fee', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'solve close' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-m', '--mark', '-p', '--portfolio', '--position', '--liquidation', '--margin-ratio', '--exit-fee', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'solve entry' = @('-s', '--side', '-n', '--contracts', '--usd', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-p', '--portfolio', '--position', '--liquidation', '-x', '--exit', '--target-pnl', '--entry-fee', '--exit-fee', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'solve price' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-m', '--mark', '-p', '--portfolio', '--position', '--margin-ratio', '--equity', '--equity-usd', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'plan' = @('-s', '--side', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-p', '--portfolio', '--account', '--order', '--take', '--stop', '--entry-fee', '--exit-fee', '--slippage', '--chart', '--svg', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'liq-cost' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-p', '--portfolio', '-m', '--mark', '--slippage', '--book', '--depth-factor', '--liquidation-fee', '--stop', '--vol', '--horizon', '--mark-interval', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '--total', '-h', '--help')
        'hedge' = @('--holding', '--price', '--ratio', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-p', '--portfolio', '--account', '--rate', '--interval', '--entry-fee', '--exit-fee', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'greeks' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-p', '--portfolio', '-m', '--mark', '--collateral', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '--total', '-h', '--help')
        'power' = @('--power', '--index', '--vol', '--interest', '--funding-period', '--periods', '-m', '--mark', '--units', '--collateral', '--collateral-ratio', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'status' = @('-p', '--portfolio', '-m', '--mark', '--beta', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '--total', '-h', '--help')
        'stress' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-p', '--portfolio', '-m', '--mark', '--moves', '--from', '--to', '--steps', '--move', '--beta', '--scenario', '--chart', '--svg', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '--total', '-h', '--help')
        'check' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-m', '--mark', '-p', '--portfolio', '--account', '--limits', '--max-leverage', '--min-liquidation-distance', '--max-margin-ratio', '--max-loss-at-stop', '--max-funding-per-day', '--stop-before-liquidation', '--require-stop', '--max-notional-usd', '--max-touch-probability', '--vol', '--horizon', '--stop', '--funding-rate', '--interval', '--entry-fee', '--exit-fee', '--order', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'replay' = @('-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '-l', '--leverage', '--margin', '--extra-margin', '--balance', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-p', '--portfolio', '--marks', '--history', '--stop', '--exit-fee', '--start', '--end', '--interval', '--chart', '--svg', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '--total', '-h', '--help')
        'fills' = @('-v', '--venue', '-i', '--instrument', '--contract-size', '--currency', '--funding', '--hedge', '-m', '--mark', '--into', '-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '--total', '-h', '--help')
        'portfolio init' = @('--empty', '-h', '--help')
        'portfolio add' = @('--name', '--account', '-s', '--side', '-n', '--contracts', '--usd', '--coin', '--fill', '-e', '--entry', '--entry-value', '-v', '--venue', '-i', '--instrument', '--currency', '--contract-size', '-l', '--leverage', '--margin', '--extra-margin', '-m', '--mark', '--stop', '--target', '--funding-rate', '--funding', '--entry-fee', '--exit-fee', '--mmr', '--deduction', '--mm-basis', '--closing-fee', '-h', '--help')
        'portfolio import' = @('--into', '--account', '-v', '--venue', '--isolated', '--balances', '--update', '--prune', '-h', '--help')
        'portfolio remove' = @('-h', '--help')
        'portfolio validate' = @('-h', '--help')
        'portfolio show' = @('-f', '--format', '--json', '--field', '--explain', '--exact', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'venues list' = @('-f', '--format', '--json', '--field', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'venues show' = @('--toml', '-f', '--format', '--json', '--field', '-q', '--quiet', '-w', '--wide', '-h', '--help')
        'venues validate' = @('-h', '--help')
        'venues import' = @('-i', '--instrument', '--date', '-l', '--leverage', '-h', '--help')
        'batch' = @('--jobs', '--errors-ok', '-q', '--quiet', '-h', '--help')
        'schema' = @('-h', '--help')
        'help' = @('-h', '--help')
    }
    # What the value of an option may be, in every command or in one.
    $values = @{
        '* -s' = @('long', 'short')
        '* --side' = @('long', 'short')
        '* -n' = @()
        '* --contracts' = @()
        '* --usd' = @()
        '* --coin' = @()
        '* --fill' = @()
        '* -e' = @()
        '* --entry' = @()
        '* --entry-value' = @()
        '* --contract-size' = @()
        '* --currency' = @()
        '* -l' = @()
        '* --leverage' = @()
        '* --margin' = @()
        '* --extra-margin' = @()
        '* --balance' = @()
        '* --mmr' = @()
        '* --deduction' = @()
        '* --closing-fee' = @()
        '* -x' = @()
        '* --exit' = @()
        '* -m' = @()
        '* --mark' = @()
        'pnl --funding' = @()
        'portfolio add --funding' = @()
        '* --target-roe' = @()
        '* --target-pnl' = @()
        '* --vol' = @()
        '* --horizon' = @()
        '* --mark-interval' = @()
        '* --rate' = @()
        '* --coin-rate' = @()
        '* --premium' = @()
        '* --index' = @()
        '* --for' = @()
        '* --intervals' = @()
        '* --interval' = @()
        '* --account' = @()
        '* --stop' = @()
        '* --target' = @()
        '* --risk' = @()
        '* --risk-coin' = @()
        '* --risk-usd' = @()
        '* --max-leverage' = @()
        '* --buffer' = @()
        '* --slippage' = @()
        '* --position' = @()
        '* --liquidation' = @()
        '* --margin-ratio' = @()
        '* --at' = @()
        '* --average' = @()
        '* --equity' = @()
        '* --equity-usd' = @()
        '* --order' = @()
        '* --take' = @()
        '* --depth-factor' = @()
        '* --liquidation-fee' = @()
        '* --holding' = @()
        '* --price' = @()
        '* --ratio' = @()
        '* --collateral' = @()
        '* --power' = @()
        '* --interest' = @()
        '* --funding-period' = @()
        '* --periods' = @()
        '* --units' = @()
        '* --collateral-ratio' = @()
        '* --beta' = @()
        '* --moves' = @()
        '* --from' = @()
        '* --to' = @()
        '* --steps' = @()
        '* --move' = @()
        '* --min-liquidation-distance' = @()
        '* --max-margin-ratio' = @()
        '* --max-loss-at-stop' = @()
        '* --max-funding-per-day' = @()
        '* --max-notional-usd' = @()
        '* --max-touch-probability' = @()
        '* --funding-rate' = @()
        '* --start' = @()
        '* --end' = @()
        '* --name' = @()
        '* --date' = @()
        '* --jobs' = @()
        '* -v' = 'venue'
        '* --venue' = 'venue'
        '* -i' = 'instrument'
        '* --instrument' = 'instrument'
        '* --mm-basis' = @('entry', 'mark')
        '* -p' = 'file'
        '* --portfolio' = 'file'
        'fills --funding' = 'file'
        '* --premium-samples' = 'file'
        '* --history' = 'file'
        '* --svg' = 'file'
        '* --book' = 'file'
        '* --limits' = 'file'
        '* --marks' = 'file'
        '* --into' = 'file'
        '* --entry-fee' = @('maker', 'taker')
        '* --exit-fee' = @('maker', 'taker')
        '* -f' = @('table', 'json', 'csv')
        '* --format' = @('table', 'json', 'csv')
        '* --field' = 'field'
        '* --scenario' = @('2020-03-12', '2021-05-19', '2022-06', '2022-11-08', '2024-08-05', '2025-10-10', 'list')
    }
    $arguments = @{
        'fills 0' = 'file'
        'portfolio init 0' = 'file'
        'portfolio add 0' = 'file'
        'portfolio import 0' = 'file'
        'portfolio remove 0' = 'file'
        'portfolio validate 0' = 'file'
        'portfolio show 0' = 'file'
        'venues show 0' = 'venue'
        'venues validate 0' = 'file'
        'venues import 0' = 'venue'
        'venues import 1' = 'file'
        'schema 0' = @('pnl', 'liq-price', 'funding-cost', 'size', 'solve', 'plan', 'liq-cost', 'hedge', 'greeks', 'power', 'status', 'stress', 'check', 'replay', 'fills')
        'help 0' = @('pnl', 'liq-price', 'funding-cost', 'size', 'solve', 'plan', 'liq-cost', 'hedge', 'greeks', 'power', 'status', 'stress', 'check', 'replay', 'fills', 'portfolio', 'venues', 'batch', 'schema')
    }
    $fields = @{
        'pnl' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'entry_price', 'exit_price', 'entry_value', 'exit_value', 'gross_pnl', 'entry_fee', 'exit_fee', 'funding', 'net_pnl', 'net_pnl_usd', 'margin', 'roe', 'net_roe', 'break_even_price', 'target_price', 'liquidation_price', 'liquidated', 'reason')
        'liq-price' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'entry_price', 'mark_price', 'margin_mode', 'margin', 'leverage', 'mm_basis', 'tier', 'maintenance_rate', 'deduction', 'closing_fee_rate', 'maintenance_margin', 'liquidation_price', 'liquidation_below', 'liquidation_above', 'bankruptcy_price', 'distance', 'touch_probability', 'margin_ratio', 'reason')
        'funding-cost' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'mark_price', 'position_value', 'premium', 'rate', 'interval_hours', 'intervals', 'payment', 'total', 'total_usd', 'apr', 'apy', 'margin_share', 'liquidation_price', 'liquidation_price_after', 'intervals_to_liquidation', 'reason')
        'size' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'entry_price', 'stop_price', 'risk', 'position_value', 'loss_at_stop', 'loss_at_stop_usd', 'fees', 'leverage', 'max_safe_leverage', 'margin', 'liquidation_price', 'binding', 'reward_risk', 'order_cost', 'reason')
        'solve margin' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'entry_price', 'mark_price', 'goal', 'goal_value', 'value', 'unit', 'contracts_after', 'entry_price_after', 'margin_after', 'liquidation_price_after', 'margin_ratio_after', 'reason')
        'solve leverage' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'entry_price', 'mark_price', 'goal', 'goal_value', 'value', 'unit', 'contracts_after', 'entry_price_after', 'margin_after', 'liquidation_price_after', 'margin_ratio_after', 'reason')
        'solve contracts' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'entry_price', 'mark_price', 'goal', 'goal_value', 'value', 'unit', 'contracts_after', 'entry_price_after', 'margin_after', 'liquidation_price_after', 'margin_ratio_after', 'reason')
        'solve add' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'entry_price', 'mark_price', 'goal', 'goal_value', 'value', 'unit', 'contracts_after', 'entry_price_after', 'margin_after', 'liquidation_price_after', 'margin_ratio_after', 'reason')
        'solve close' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'entry_price', 'mark_price', 'goal', 'goal_value', 'value', 'unit', 'contracts_after', 'entry_price_after', 'margin_after', 'liquidation_price_after', 'margin_ratio_after', 'reason')
        'solve entry' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'entry_price', 'mark_price', 'goal', 'goal_value', 'value', 'unit', 'contracts_after', 'entry_price_after', 'margin_after', 'liquidation_price_after', 'margin_ratio_after', 'reason')
        'solve price' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'entry_price', 'mark_price', 'goal', 'goal_value', 'value', 'unit', 'contracts_after', 'entry_price_after', 'margin_after', 'liquidation_price_after', 'margin_ratio_after', 'reason')
        'plan' = @('step', 'event', 'price', 'traded', 'contracts', 'entry_price', 'margin', 'liquidation_price', 'realised_pnl', 'loss_at_stop', 'loss_at_stop_usd', 'r_multiple', 'status', 'reason')
        'liq-cost' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'liquidation_price', 'bankruptcy_price', 'value_at_liquidation', 'liquidation_fee', 'slippage_cost', 'margin_forfeited', 'total_cost', 'total_cost_usd', 'margin_lost', 'stop_price', 'equity_after_stop', 'saved_by_stop', 'touch_probability', 'expected_cost_usd', 'reason')
        'hedge' = @('side', 'contracts', 'notional_usd', 'residual_delta', 'locked_usd', 'funding_per_day_usd', 'carry_apr', 'break_even_days', 'liquidation_price', 'reason')
        'greeks' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'frame', 'value', 'delta', 'gamma', 'delta_unit', 'gamma_unit', 'reason')
        'power' = @('power', 'index', 'mark', 'fair_mark', 'premium', 'funding_per_day', 'delta', 'gamma', 'implied_vol', 'liquidation_price', 'hedge_notional_usd', 'reason')
        'status' = @('account', 'position', 'venue', 'currency', 'positions', 'balance', 'equity', 'equity_usd', 'maintenance_margin', 'margin_ratio', 'leverage', 'delta', 'funding_per_day_usd', 'down', 'up', 'reason')
        'stress' = @('account', 'currency', 'price', 'move', 'pnl', 'equity', 'equity_usd', 'maintenance_margin', 'margin_ratio', 'status', 'position', 'reason')
        'check' = @('position', 'rule', 'limit', 'value', 'status')
        'replay' = @('account', 'position', 'start', 'end', 'bars', 'survived', 'ended_at', 'ended_by', 'price', 'net_pnl', 'net_pnl_usd', 'funding', 'max_margin_ratio', 'max_margin_ratio_at', 'max_drawdown', 'max_drawdown_usd', 'reason')
        'fills' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'trades', 'bought', 'sold', 'realised_pnl', 'fees', 'funding', 'net_realised', 'entry_price', 'entry_value', 'break_even_price', 'unrealised_pnl', 'reason')
        'portfolio show' = @('name', 'account', 'venue', 'instrument', 'currency', 'side', 'contracts', 'contract_size', 'notional_usd', 'entry_price', 'mark_price', 'margin_mode', 'margin', 'leverage', 'stop_price', 'target_price', 'funding_rate')
        'venues list' = @('name', 'title', 'instruments', 'known_until', 'contracts', 'own')
    }
    $flags = @('--balances', '--chart', '--empty', '--errors-ok', '--exact', '--explain', '--hedge', '--help', '--isolated', '--json', '--max-open', '--prune', '--quiet', '--require-stop', '--stop-before-liquidation', '--toml', '--total', '--update', '--version', '--wide', '-h', '-q', '-w')
    $typed = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    $command = ''
    $venue = "$env:PERPCALC_VENUE"
    $option = ''
    $place = 0
    foreach ($word in $typed) {
        if ($option) {
            if ($option -cin '-v', '--venue') { $venue = $word }
            $option = ''
        }
        elseif ($word -like '--venue=*') { $venue = $word.Substring(8) }
        elseif ($word -like '--*=*' -or $word -cin $flags) { continue }
        elseif ($word -like '-?*') { $option = $word }
        elseif ($command -eq '' -or $command -cin @('solve', 'portfolio', 'venues')) { $command = "$command $word".Trim() }
        else { $place++ }
    }
    $venue = $venue.Split('@')[0]
    $start = ''
    if (-not $option -and $wordToComplete -like '--*=*') {
        $option, $wordToComplete = $wordToComplete.Split('=', 2)
        $start = "$option="
    }
    if ($option) {
        if ($words[$command] -cnotcontains $option) { return }
        $key = if ($values.ContainsKey("$command $option")) { "$command $option" } else { "* $option" }
        $offered = $values[$key]
    }
    elseif ($wordToComplete -notlike '-*' -and $arguments.ContainsKey("$command $place")) {
        $offered = $arguments["$command $place"]
    }
    else { $offered = $words[$command] }
    if ("$offered" -ceq 'file') { return }  # PowerShell completes file names itself
    if ("$offered" -ceq 'venue') { $offered = $venues }
    if ("$offered" -ceq 'field') { $offered = $fields[$command] }
    if ("$offered" -ceq 'instrument') {
        $offered = if ($instruments.ContainsKey($venue)) { $instruments[$venue] }
            else { $instruments.Values | ForEach-Object { $_ } | Sort-Object -Unique }
    }
    $offered | Where-Object { $_ -clike "$wordToComplete*" } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new("$start$_", $_, 'ParameterValue', $_)
    }
}
