"""Differential evolution (Torch: optim/de.lua)."""

import numpy as np

from nnlite.errors import Error
from nnlite.optim.options import option, required, tables
from nnlite.optim.vectors import check_parameters, placed
from nnlite.tensor.devices import to_host
from nnlite.tensor.random import Generator


def de(opfunc, x, config=None, state=None):
    """Minimize f without its gradient, by a population that crosses its best point with differences of others.

    In each generation every point p_i gets a child, best + scaleFactor (p_r1 - p_r2) in some of its elements and p_i in
    the others, and the better one of the two lives on.

    Args:
        opfunc: called with a point like x, returns f, alone or before df/dx.
        x: a vector that says the size and type of points; its numbers do not matter.
        config: a dict of popsize (10 for each element of x), scaleFactor (0.4 to 1), crossoverRate (0.1 to 0.9: the
            chance of an element to be crossed), maxFEs (the most evaluations: only whole generations are run),
            minRegion and maxRegion (-30 and 30: where the first points lie).
        state: not used.

    Returns:
        the best point, a new vector, and a vector of all f in the order of evaluation. The random stream is its own,
        and the same each time, as Torch's is.

    Raises:
        Error: an option without a default is missing, or the population is too small to differ or for maxFEs.

    >>> import numpy as np
    >>> from nnlite.optim import de
    >>> best, fs = de(lambda x: float(x @ x), np.empty(2), dict(scaleFactor=0.5, crossoverRate=0.9, maxFEs=1000))
    >>> fs.shape, bool(fs.min() < 1e-6)
    ((1000,), True)

    Source: R. Storn, K. Price, Differential Evolution, J. Global Optimization 11 (1997).
    """
    config, _ = tables(config, state)
    check_parameters(x)
    popsize = option(config, 'popsize', 10 * x.size)
    scaleFactor, crossoverRate = required(config, 'scaleFactor', 'de'), required(config, 'crossoverRate', 'de')
    maxFEs = required(config, 'maxFEs', 'de')
    if not 3 <= popsize <= maxFEs:
        raise Error(f'expected a popsize of 3 to maxFEs, {maxFEs}, got {popsize}', where='de')
    generator = Generator()
    generator.manualSeed(1)
    population = np.empty((popsize, x.size), x.dtype)
    low, high = option(config, 'minRegion', -30), option(config, 'maxRegion', 30)
    generator.fill_uniform(population, low, high)

    def evaluated(points):
        results = (opfunc(placed(point.reshape(x.shape), x)) for point in points)
        losses = [result[0] if isinstance(result, tuple) else result for result in results]
        return np.array(list(map(to_host, losses)), x.dtype)

    def other_than(*taken):
        while (choice := generator.random(1, popsize) - 1) in taken:
            pass
        return choice

    children, fitness = np.empty_like(population), evaluated(population)
    history = [fitness.copy()]
    best = population[fitness.argmin()].copy()
    lowest = fitness.min()
    for _ in range(maxFEs // popsize - 1):
        for i, point in enumerate(population):
            first = other_than(i)
            second = other_than(i, first)
            # That Torch holds the chosen element against i, and not against j, is left as it is.
            all_of_them = i == generator.random(1, x.size) - 1
            crossed = np.array([generator.uniform() < crossoverRate for _ in range(x.size)]) | all_of_them
            difference = population[first].astype(np.float64) - population[second]
            children[i] = np.where(crossed, best + scaleFactor * difference, point)
        values = evaluated(children)
        history.append(values)
        better = values <= fitness
        population[better], fitness[better] = children[better], values[better]
        if fitness.min() < lowest:
            best, lowest = population[fitness.argmin()].copy(), fitness.min()
    return placed(best, x), np.concatenate(history)
