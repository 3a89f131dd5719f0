"""PyTorch's part in the tests of nn."""

import torch

torch.set_num_threads(1)  # the networks here are small: its threads would wait for each other more than they compute
