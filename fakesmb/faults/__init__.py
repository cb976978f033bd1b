"""Faults on cue: which requests a rule means, when it acts, what it does, and the store of a broken disk.

What acts on a connection is in `core` (`fault_tap`, `faulty_exchange`, `stream_faults`).
"""
