"""The step of stochastic gradient descent with momentum, over all parameters at once (optim.sgd)."""

import numpy as np

BLOCK = 4096  # elements; the products of a block stay in the cache, and are all the memory that is taken


def SGD_step(x, dfdx, velocity, rate, momentum, dampening, nesterov, weightDecay):
    """Take the step, block by block: each is read and written once. Dfdx is spent: it serves for what lies between.

        g = dfdx + weightDecay x
        velocity = momentum velocity + (1 - dampening) g
        x = x - rate velocity                       (with nesterov: g + momentum velocity instead of velocity)

    Shapes: x, dfdx and velocity of any one shape, and any strides.
    """
    arrays, ways = [x, dfdx, velocity], [['readwrite']] * 3
    flags = ['external_loop', 'buffered', 'zerosize_ok']
    with np.nditer(arrays, flags=flags, op_flags=ways, buffersize=BLOCK) as blocks:
        for part, grad, speed in blocks:
            if weightDecay != 0:
                grad += weightDecay * part
            speed *= momentum
            speed += (1 - dampening) * grad
            if nesterov:
                grad += momentum * speed
            part -= rate * (grad if nesterov else speed)
