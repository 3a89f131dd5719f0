"""Evolution with an adapted covariance matrix (Torch: optim/cmaes.lua)."""

import math

import numpy as np

from nnlite.errors import Error
from nnlite.optim.options import option, required, tables
from nnlite.optim.vectors import check_parameters, placed
from nnlite.tensor.devices import to_host
from nnlite.tensor.random import fill_normal


def cmaes(opfunc, x, config=None, state=None):
    """Minimize f without its gradient, by samples of a normal distribution that moves and stretches towards the best.

    Args:
        opfunc: called with a point like x, returns f, alone or before df/dx.
        x: where to begin; it is left as it is.
        config: a dict of options.
        state: a dict of options, `config` itself if it is not given; Torch looks here only, we look in both: sigma (the
            standard deviation at the beginning), maxEval (1000 for each element of x, squared), ftarget (stop below),
            popsize (4 + 3 log n), min_iterations (1), verb_disp (0: print a line every so many iterations).

    Returns:
        the best point, a new vector; the list of f(x), the best f of each generation and the best of all; and the
        number of evaluations.

    Raises:
        Error: sigma is missing, or popsize is below 2.

    >>> import numpy as np
    >>> import nnlite
    >>> from nnlite.optim import cmaes
    >>> nnlite.manualSeed(1)
    >>> best, fs, evaluations = cmaes(lambda x: float(x @ x), np.array([3.0, -2.0]), dict(sigma=1, ftarget=1e-8))
    >>> fs[-1] < 1e-8
    True

    Source: N. Hansen, The CMA Evolution Strategy, arXiv 1604.00772; barecmaes2.
    """
    config, state = tables(config, state)
    options = {**config, **{name: value for name, value in state.items() if value is not None}}
    check_parameters(x)
    distribution = _Distribution(x, required(options, 'sigma', 'cmaes'), option(options, 'popsize', None))
    maxEval = option(options, 'maxEval', 1e3 * x.size**2)
    every = option(options, 'verb_disp', 0)

    def value(point):
        result = opfunc(placed(point.reshape(x.shape), x))
        return float(result[0] if isinstance(result, tuple) else result)

    losses, best, iteration = [value(to_host(x).copy())], (math.inf, None, 0), 0
    reasons = {}
    while not reasons or iteration < option(options, 'min_iterations', 1):
        iteration += 1
        points = distribution.ask()
        fitness = np.array([value(point) for point in points])
        order = np.argsort(fitness, kind='stable')
        fitness = fitness[order]
        distribution.tell(points[order])
        losses.append(float(fitness[0]))
        if best[1] is None or fitness[0] < best[0]:
            best = float(fitness[0]), points[order[0]].copy(), distribution.evaluations
        reasons = distribution.reasons_to_stop(fitness, maxEval, option(options, 'ftarget', None))
        if every:
            _report(iteration, every, distribution, fitness[0])
    if every:
        for reason, bound in reasons.items():
            print('termination by', reason, '=', bound)
        print(f'best f-value = {best[0]}\nsolution = {best[1]}')
        print('best found at iteration:', best[2] // len(points), ', total iterations:', iteration)
    return placed(best[1], x), [*losses, best[0]], distribution.evaluations


class _Distribution:
    """The normal distribution that points are drawn from: mean, sigma^2 C.

    Args:
        x: the mean.
        sigma: the step size.
        count: how many points a generation has, or None.
    """

    def __init__(self, x, sigma, count):
        n = x.size
        self.mean, self.sigma = to_host(x).flatten(), sigma
        self.count = 4 + math.floor(3 * math.log(n)) if count is None else count
        if self.count < 2:
            raise Error(f'expected a popsize of 2 or more, got {self.count}', where='cmaes')
        parents = self.count / 2
        weights = np.log(parents + 0.5) - np.log(np.arange(1, math.floor(parents) + 1))
        weights /= weights.sum()
        self.weights = weights.astype(x.dtype)
        mueff = float(1 / (weights**2).sum())
        self.mueff = mueff
        # How fast the paths, and the covariance with its two updates, follow; how much the step size is damped.
        self.cc = (4 + mueff / n) / (n + 4 + 2 * mueff / n)
        self.cs = (mueff + 2) / (n + mueff + 5)
        self.c1 = 2 / ((n + 1.3) ** 2 + mueff)
        self.cmu = min(1 - self.c1, 2 * (mueff - 2 + 1 / mueff) / ((n + 2) ** 2 + mueff))
        self.damps = 2 * mueff / self.count + 0.3 + self.cs
        self.pc, self.ps = np.zeros_like(self.mean), np.zeros_like(self.mean)
        self.C, self.B, self.D = np.eye(n, dtype=x.dtype), np.eye(n, dtype=x.dtype), np.ones_like(self.mean)
        self.inverse_root = np.eye(n, dtype=x.dtype)
        self.evaluations = self.decomposed_at = 0

    def ask(self):
        """Return a generation of points: mean + sigma B D normal."""
        n = self.mean.size
        if self.evaluations - self.decomposed_at > self.count / (self.c1 + self.cmu) / n / 10:
            self.decomposed_at = self.evaluations
            self.C = np.triu(self.C) + np.triu(self.C, 1).T
            variances, self.B = np.linalg.eigh(self.C, 'U')  # from the upper half, as Torch, or axes may be reversed
            self.D = np.sqrt(variances)
            self.inverse_root = self.B @ np.diag(1 / self.D) @ self.B.T
        draws = (fill_normal(np.empty_like(self.mean)) * self.D for _ in range(self.count))
        return np.array([self.mean + (self.B @ draw) * self.sigma for draw in draws], self.mean.dtype)

    def tell(self, points):
        """Move and stretch towards the first of a generation of points, which come best first."""
        n, old, parents = self.mean.size, self.mean, points[: len(self.weights)]
        self.evaluations += self.count
        self.mean = parents.T @ self.weights
        moved = self.mean - old
        scale = (self.cs * (2 - self.cs) * self.mueff) ** 0.5 / self.sigma
        self.ps = self.ps - self.ps * self.cs + self.inverse_root @ moved * scale
        length = float((self.ps**2).sum())
        decayed = 1 - (1 - self.cs) ** (2 * self.evaluations / self.count)
        short = float(length / decayed / n < 2 + 4 / (n + 1))  # else the step size is about to grow anyway
        scale = (self.cc * (2 - self.cc) * self.mueff) ** 0.5 / self.sigma
        self.pc = self.pc - self.pc * self.cc + moved * (scale * short)
        c1a = self.c1 - (1 - short**2) * self.c1 * self.cc * (2 - self.cc)
        away = parents - old
        spread = (away.T * self.weights) @ away / self.sigma**2
        self.C = self.C + ((-c1a - self.cmu) * self.C + self.c1 * np.outer(self.pc, self.pc) + self.cmu * spread)
        self.sigma *= math.exp(min(0.6, self.cs / self.damps * (length / n - 1) / 2))

    def reasons_to_stop(self, fitness, maxEval, ftarget):
        """Return the conditions that end the search, by name, with their bounds; fitness is sorted."""
        conditions = {
            'evals': (maxEval, self.evaluations >= maxEval),
            'ftarget': (ftarget, ftarget is not None and fitness[0] <= ftarget),
            'condition': (1e7, self.D.max() > 1e7 * self.D.min()),
            'tolfun': (1e-12, fitness[-1] - fitness[0] < 1e-12),
            'tolx': (1e-11, self.sigma * self.D.max() < 1e-11),
        }
        return {name: bound for name, (bound, holds) in conditions.items() if holds}


def _report(iteration, every, distribution, best):
    if iteration == 1 or iteration % (10 * every) == 0:
        print('evals:   ax-ratio max(std)   f-value')
    if iteration <= 2 or iteration % every == 0:
        widest = distribution.sigma * math.sqrt(distribution.C.diagonal().max())
        ratio = distribution.D.max() / distribution.D.min()
        print(f'{distribution.evaluations}:  {ratio:6.1f} {widest:8.1e} {best}')
