# Written from the rows by docs/make_tables.py.

from minigrad.ops.scipy_functions import digamma as digamma
from minigrad.ops.scipy_functions import erf as erf
from minigrad.ops.smooth import expit as expit
from minigrad.ops.scipy_functions import gammaln as gammaln
from minigrad.ops.smooth import logsumexp as logsumexp
from minigrad.ops.scipy_functions import polygamma as polygamma
from minigrad.ops.scipy_functions import xlogy as xlogy

__all__ = [
    "digamma",
    "erf",
    "expit",
    "gammaln",
    "logsumexp",
    "polygamma",
    "xlogy",
]
