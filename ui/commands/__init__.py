"""One file a command: each decides, speaks, and gives its exit code; `ui.cli` parses and catches."""
