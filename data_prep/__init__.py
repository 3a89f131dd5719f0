"""Data sets: made from archives, folders and drawn shapes, kept in one HDF5 layout, loaded in batches."""

from nnlite.data_prep.dataset import Dataset, open_dataset
from nnlite.data_prep.loader import Loader

__all__ = ['Dataset', 'Loader', 'open_dataset']
