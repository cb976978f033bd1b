"""Fuzzing by structure: real requests, changed where it hurts, in process and over TCP. See `python -m fuzz --help`."""
