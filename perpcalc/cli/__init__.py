"""The command line: commands parse, call and print; they do not compute."""
