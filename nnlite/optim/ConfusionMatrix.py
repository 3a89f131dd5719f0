"""Which classes a classifier takes for which (Torch: optim/ConfusionMatrix.lua)."""

import math

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.tensor.devices import to_host


class ConfusionMatrix:
    """Counts how often each target class (row) was predicted as each class (column).

    `mat` int64 (nclasses, nclasses) has the counts. `updateValids` computes these fractions from it, NaN where nothing
    was counted: `valids` (nclasses), of each class's samples those predicted right; `unionvalids` (nclasses), the right
    ones of all that are of the class or were taken for it; `averageValid` and `averageUnionValid`, their means over the
    classes seen; `totalValid`, of all samples those predicted right. Classes count from 1; a target below 1 means that
    the label is missing, and is left out.

    Args:
        nclasses: how many classes, or the list of their names.
        classes: the list of their names, if nclasses is a number.

    >>> from nnlite.optim import ConfusionMatrix
    >>> confusion = ConfusionMatrix(['cat', 'dog'])
    >>> confusion.batchAdd([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]], [1, 2, 2])
    >>> confusion.mat
    array([[1, 0],
           [1, 1]])
    >>> confusion.updateValids()
    >>> confusion.valids, confusion.averageValid
    (array([1. , 0.5], dtype=float32), 0.75)

    Source: torch/optim, ConfusionMatrix.lua.
    """

    def __init__(self, nclasses, classes=None):
        if isinstance(nclasses, (list, tuple)):
            nclasses, classes = len(nclasses), nclasses
        classes = [] if classes is None else list(classes)
        if nclasses < 1 or len(classes) not in (0, nclasses):
            message = f'expected a number of classes from 1 up and as many names, got {nclasses} and {len(classes)}'
            raise Error(message, where='ConfusionMatrix')
        self.nclasses, self.classes = nclasses, classes
        self.mat = np.zeros((nclasses, nclasses), np.int64)
        self.zero()

    def zero(self):
        """Forget all that was counted."""
        self.mat.fill(0)
        self.valids = np.zeros(self.nclasses, np.float32)
        self.unionvalids = np.zeros(self.nclasses, np.float32)
        self.totalValid = self.averageValid = self.averageUnionValid = 0

    def add(self, prediction, target):
        """Count one sample.

        Args:
            prediction: a class, or a score for each class (nclasses).
            target: a class, or a vector (nclasses) whose largest element is the class's.

        Raises:
            ShapeError, Error: as for `batchAdd`.
        """
        self.batchAdd(*(np.asarray(to_host(given))[None] for given in (prediction, target)))

    def batchAdd(self, predictions, targets):
        """Count a batch of N samples; what is on a GPU is copied from there.

        Args:
            predictions: classes (N) or (N, 1), or scores for each class (N, nclasses).
            targets: classes (N) or (N, 1), or rows (N, nclasses) whose largest element is the class's.

        Raises:
            ShapeError: they have other shapes, or are not as many.
            Error: a class is no whole number, or there is no such class.
        """
        predicted, labels = self._classes_in('predictions', predictions), self._classes_in('targets', targets)
        if len(predicted) != len(labels):
            message = f'expected a target for each prediction, got {len(labels)} for {len(predicted)}'
            raise ShapeError(message, where='ConfusionMatrix')
        labelled = labels >= 1
        predicted, labels = predicted[labelled], labels[labelled]
        for what, classes in (('predictions', predicted), ('targets', labels)):
            foreign = classes[(classes < 1) | (classes > self.nclasses)]
            if foreign.size:
                raise Error(
                    f'expected {what} from 1 to {self.nclasses}, got {foreign[0]}',
                    where='ConfusionMatrix',
                    hint='classes count from 1, as in Torch',
                )
        places = (labels - 1) * self.nclasses + predicted - 1
        self.mat += np.bincount(places, minlength=self.mat.size).reshape(self.mat.shape)

    def _classes_in(self, what, given):
        """Return the classes (N) that `given` says, be it by number or by scores."""
        array = np.asarray(to_host(given))
        if array.ndim == 2 and array.shape[1] == self.nclasses > 1:
            # As floats, because Torch compares them so: numbers that are equal there are a tie, and the first wins.
            return array.astype(np.float32, copy=False).argmax(axis=1) + 1
        if array.ndim != 1 and array.shape[1:] != (1,):
            expected = f'(N), (N, 1) or (N, {self.nclasses})'
            raise ShapeError(f'expected {what} {expected}, got {array.shape}', where='ConfusionMatrix')
        with np.errstate(invalid='ignore'):
            classes = array.reshape(-1).astype(np.int64)
        if (classes != array.reshape(-1)).any():
            raise Error(
                f'expected {what} to be whole numbers, got {array.dtype} with fractions', where='ConfusionMatrix'
            )
        return classes

    def updateValids(self):
        """Compute valids, unionvalids, averageValid, averageUnionValid and totalValid from the counts."""
        right, actual, predicted = self.mat.diagonal(), self.mat.sum(axis=1), self.mat.sum(axis=0)
        with np.errstate(invalid='ignore'):  # 0 / 0 is NaN: of a class that was not seen there is nothing to say
            self.valids = (right / actual).astype(np.float32)
            self.unionvalids = (right / (actual + predicted - right)).astype(np.float32)
            self.totalValid = float(right.sum() / self.mat.sum())
        self.averageValid = _mean_of_numbers(self.valids)
        self.averageUnionValid = _mean_of_numbers(self.unionvalids[~np.isnan(self.valids)])

    def farFrr(self):
        """Return false rejection and false acceptance rates: (classFrrs, classFars, frrs, fars), float64.

        A class's samples that were taken for others are falsely rejected. Its false acceptances are the mean, over the
        other classes, of the part of their samples that was taken for it. classFrrs and classFars (nclasses) are -1 for
        a class without samples; frrs and fars have the classes with samples only.
        """
        seen = np.flatnonzero(self.mat.sum(axis=1))
        rates = self.mat[seen] / self.mat[seen].sum(axis=1, keepdims=True)
        frrs = 1 - rates[np.arange(len(seen)), seen]
        rates[np.arange(len(seen)), seen] = 0
        with np.errstate(invalid='ignore'):
            fars = rates[:, seen].sum(axis=0) / np.float64(len(seen) - 1)
        classFrrs, classFars = np.full(self.nclasses, -1.0), np.full(self.nclasses, -1.0)
        classFrrs[seen], classFars[seen] = frrs, fars
        return classFrrs, classFars, frrs, fars

    def render(self, sortmode='score', display=False, block=25, legendwidth=200):
        """Return a picture of the counts, each row as parts of its class's samples: float32 (3, height, width), 0 to 1.

        Classes stand in order, the best first, and beside each its share of all samples and its name. A legend says
        what part of all samples was predicted right, and of each class on average.

        Args:
            sortmode: 'score', by the part of a class that was predicted right, or 'occurrence', by its samples.
            display: whether to show the picture on the screen.
            block: the width and height of one element, in pixels; 25 has room for its percentage.
            legendwidth: the width of the column with shares and names, in pixels.

        Raises:
            Error: there is no such sort mode.
        """
        scores = self.mat / np.maximum(self.mat.sum(axis=1, keepdims=True), 1)
        shares = self.mat.sum(axis=1) / max(self.mat.sum(), 1)
        modes = {'score': scores.diagonal(), 'occurrence': shares}
        if sortmode not in modes:
            expected = ' or '.join(modes)
            raise Error(f'expected sortmode {expected}, got {sortmode!r}', where='ConfusionMatrix')
        order = np.argsort(-modes[sortmode], kind='stable')
        names = [str(self.classes[i]) if self.classes else f'class {i + 1}' for i in order]
        picture = _picture(scores[np.ix_(order, order)], shares[order], names, block, legendwidth)
        if display:
            self.updateValids()
            right = f'{self.totalValid * 100:.3f}% right, {self.averageValid * 100:.3f}% of a class on average'
            picture.show(title=f'Confusion matrix, sorted by {sortmode}: {right}')
        return np.moveaxis(np.asarray(picture, np.float32) / 255, -1, 0)

    def write(self):
        """Return the fields that a file holds; Torch wants buffers of its own there, too."""
        vectors = dict.fromkeys(('_target', '_prediction', '_max'), np.empty(0, np.float32))
        return {**vars(self), **vectors, **dict.fromkeys(('_pred_idx', '_targ_idx'), np.empty(0, np.int64))}

    def read(self, fields, version=1):
        """Take over the fields that a file holds: the counts, of which all else is computed."""
        counts, nclasses = fields['mat'], fields['nclasses']
        if counts.shape != (nclasses, nclasses) or counts.dtype.kind != 'i':
            expected = f'({nclasses}, {nclasses})'
            raise ShapeError(f'expected mat {expected} of whole numbers, got {counts.shape} of {counts.dtype}')
        self.__init__(nclasses, fields.get('classes') or None)
        self.mat = counts
        self.updateValids()

    def __repr__(self):
        self.updateValids()
        digits = max(8, 1 + math.ceil(math.log10(max(self.mat.max(), 1))))
        lines = ['ConfusionMatrix:']
        for i, counts in enumerate(self.mat):
            left, right = '[' if i == 0 else ' ', ']]  ' if i == self.nclasses - 1 else ']   '
            row = ''.join(f'{count:{digits}d}' for count in counts)
            name = f'\t[class: {self.classes[i]}]' if self.classes else ''
            lines.append(f'{left}[{row}{right}{float(self.valids[i]) * 100:2.3f}% {name}')
        return '\n'.join([
            *lines,
            f' + average row correct: {self.averageValid * 100:.14g}% ',
            f' + average rowUcol correct (VOC measure): {self.averageUnionValid * 100:.14g}% ',
            f' + global correct: {self.totalValid * 100:.14g}%',
        ])  # fmt: skip


def _mean_of_numbers(values):
    """Return the mean of those values that are not NaN, added up one by one as in Lua."""
    total, count = 0.0, 0
    for value in values[~np.isnan(values)].tolist():
        total += value
        count += 1
    return total / count if count else math.nan


def _picture(scores, shares, names, block, legendwidth):
    """Return a PIL image: scores (n, n) as grey blocks with percentages, and a line of text for each class."""
    from PIL import Image, ImageDraw

    side = len(scores) * block
    image = Image.new('RGB', (side + legendwidth, side))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, side, side), fill=_grey(0.1))  # what stays of it is the grid
    for (row, column), score in np.ndenumerate(scores):
        left, top = column * block, row * block
        draw.rectangle((left, top, left + block - 2, top + block - 2), fill=_grey(score))
        if block >= 20:
            ink = _grey(0 if score > 0.4 else 0.4 + score)
            draw.text((left + block / 5, top + block / 4), f'{score * 100:02.0f}', fill=ink)
    for row, (share, name) in enumerate(zip(shares, names, strict=True)):
        draw.text((side + 10, row * block + block / 4), f'[{share * 100:.2f}% labels]', fill=(140, 140, 220))
        draw.text((side + 110, row * block + block / 4), name, fill=_grey(scores[row, row] * 0.8 + 0.2))
    return image


def _grey(brightness):
    return (round(float(brightness) * 255),) * 3
