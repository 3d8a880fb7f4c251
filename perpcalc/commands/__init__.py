"""What the program can be asked: one module per command, each a record of options, rules, answer and a pure
function.
"""
