"""Measurements: `make bench` (side by side with other servers) and `bench/curves.py` (cost as things grow)."""
