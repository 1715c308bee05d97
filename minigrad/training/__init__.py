"""Training on one's own data, checkpoints, and predictions: ``mg.training``."""

from __future__ import annotations

from minigrad.training.checkpoint import Checkpoint
from minigrad.training.checkpoint import load as load_checkpoint
from minigrad.training.checkpoint import save as save_checkpoint
from minigrad.training.classifier import Classifier
from minigrad.training.loop import Epoch, Trainer, fit
from minigrad.training.measure import accuracy, evaluate
from minigrad.training.predictor import Prediction, Predictor
from minigrad.training.session import Session
from minigrad.training.settings import Settings

__all__ = [
    "Checkpoint",
    "Classifier",
    "Epoch",
    "Prediction",
    "Predictor",
    "Session",
    "Settings",
    "Trainer",
    "accuracy",
    "evaluate",
    "fit",
    "load_checkpoint",
    "save_checkpoint",
]
