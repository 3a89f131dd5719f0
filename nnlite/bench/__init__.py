"""Measuring nnlite against PyTorch: the same work in separate processes, turn and turn about.

`measure` starts a process for each contestant, which prepares the case (`ours` or `in_torch`) and waits; then each is
asked for a sample in turn, round by round, so that whatever else the machine does falls on all alike.
"""
