"""The tensor engine: element types, storages, devices, threads and Torch's random streams. Arrays are the tensors."""
