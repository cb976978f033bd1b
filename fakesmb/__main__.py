"""`python -m fakesmb`."""

from fakesmb.cli import main

main()
