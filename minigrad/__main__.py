"""``python -m minigrad``, for where scripts are not on the PATH."""

from minigrad.cli import main

main(prog_name="minigrad")
