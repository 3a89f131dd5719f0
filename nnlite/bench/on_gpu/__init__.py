"""Measuring nnlite on a GPU against PyTorch on the same one: whole steps, single layers, floors, the time to train.

`jobs` says what is measured, in the order of importance; each job has a process of its own (`child`), one after the
other (`processes`), and what a process answers is kept as records, of which `report` makes tables.
"""
