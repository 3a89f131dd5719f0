"""Training: the loop with its learning-rate schedule, meters, progress, curves and checkpoints, and the studies."""

from nnlite.training.evaluation import evaluate
from nnlite.training.schedule import step_schedule
from nnlite.training.study import StudyFolder
from nnlite.training.tracing import NotFiniteError
from nnlite.training.trainer import Trainer

__all__ = ['NotFiniteError', 'StudyFolder', 'Trainer', 'evaluate', 'step_schedule']
