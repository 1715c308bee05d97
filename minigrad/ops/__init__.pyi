# Written from the rows by docs/make_tables.py.

from minigrad.ops import linalg as linalg
from minigrad.ops import special as special
from minigrad.ops.piecewise import abs as abs
from minigrad.ops.arithmetic import add as add
from minigrad.ops.joining import append as append
from minigrad.ops.elementary import arccos as arccos
from minigrad.ops.elementary import arccosh as arccosh
from minigrad.ops.elementary import arcsin as arcsin
from minigrad.ops.elementary import arcsinh as arcsinh
from minigrad.ops.elementary import arctan as arctan
from minigrad.ops.elementary import arctan2 as arctan2
from minigrad.ops.elementary import arctanh as arctanh
from minigrad.ops.shaping import array_split as array_split
from minigrad.ops.shape import astype as astype
from minigrad.ops.shaping import atleast_1d as atleast_1d
from minigrad.ops.shaping import atleast_2d as atleast_2d
from minigrad.ops.shaping import atleast_3d as atleast_3d
from minigrad.ops.compositions import average as average
from minigrad.ops.array_api import broadcast_arrays as broadcast_arrays
from minigrad.ops.shape import broadcast_to as broadcast_to
from minigrad.ops.piecewise import ceil as ceil
from minigrad.ops.piecewise import clip as clip
from minigrad.ops.joining import column_stack as column_stack
from minigrad.ops.joining import concatenate as concatenate
from minigrad.ops.piecewise import copysign as copysign
from minigrad.ops.elementary import cos as cos
from minigrad.ops.elementary import cosh as cosh
from minigrad.ops.products import cross as cross
from minigrad.ops.scan import cumprod as cumprod
from minigrad.ops.scan import cumsum as cumsum
from minigrad.ops.array_api import cumulative_prod as cumulative_prod
from minigrad.ops.array_api import cumulative_sum as cumulative_sum
from minigrad.ops.elementary import deg2rad as deg2rad
from minigrad.ops.rearrange import diag as diag
from minigrad.ops.compositions import diagflat as diagflat
from minigrad.ops.rearrange import diagonal as diagonal
from minigrad.ops.scan import diff as diff
from minigrad.ops.arithmetic import divide as divide
from minigrad.ops.contraction import dot as dot
from minigrad.ops.shaping import dsplit as dsplit
from minigrad.ops.joining import dstack as dstack
from minigrad.ops.einstein import einsum as einsum
from minigrad.ops.comparison import equal as equal
from minigrad.ops.elementary import exp as exp
from minigrad.ops.elementary import exp2 as exp2
from minigrad.ops.shaping import expand_dims as expand_dims
from minigrad.ops.elementary import expm1 as expm1
from minigrad.ops.rearrange import flip as flip
from minigrad.ops.rearrange import fliplr as fliplr
from minigrad.ops.rearrange import flipud as flipud
from minigrad.ops.piecewise import floor as floor
from minigrad.ops.piecewise import floor_divide as floor_divide
from minigrad.ops.compositions import fmax as fmax
from minigrad.ops.compositions import fmin as fmin
from minigrad.ops.piecewise import fmod as fmod
from minigrad.ops.indexing import getitem as getitem
from minigrad.ops.comparison import greater as greater
from minigrad.ops.comparison import greater_equal as greater_equal
from minigrad.ops.shaping import hsplit as hsplit
from minigrad.ops.joining import hstack as hstack
from minigrad.ops.elementary import hypot as hypot
from minigrad.ops.indexing import index_add as index_add
from minigrad.ops.contraction import inner as inner
from minigrad.ops.products import kron as kron
from minigrad.ops.comparison import less as less
from minigrad.ops.comparison import less_equal as less_equal
from minigrad.ops.compositions import linspace as linspace
from minigrad.ops.elementary import log as log
from minigrad.ops.elementary import log10 as log10
from minigrad.ops.elementary import log1p as log1p
from minigrad.ops.elementary import log2 as log2
from minigrad.ops.elementary import logaddexp as logaddexp
from minigrad.ops.compositions import logaddexp2 as logaddexp2
from minigrad.ops.comparison import logical_and as logical_and
from minigrad.ops.comparison import logical_not as logical_not
from minigrad.ops.comparison import logical_or as logical_or
from minigrad.ops.contraction import matmul as matmul
from minigrad.ops.array_api import matvec as matvec
from minigrad.ops.reducing import max as max
from minigrad.ops.piecewise import maximum as maximum
from minigrad.ops.reducing import mean as mean
from minigrad.ops.shaping import meshgrid as meshgrid
from minigrad.ops.reducing import min as min
from minigrad.ops.piecewise import minimum as minimum
from minigrad.ops.shaping import moveaxis as moveaxis
from minigrad.ops.arithmetic import multiply as multiply
from minigrad.ops.piecewise import nan_to_num as nan_to_num
from minigrad.ops.reducing import nanmean as nanmean
from minigrad.ops.reducing import nansum as nansum
from minigrad.ops.arithmetic import negative as negative
from minigrad.ops.comparison import not_equal as not_equal
from minigrad.ops.contraction import outer as outer
from minigrad.ops.rearrange import pad as pad
from minigrad.ops.compositions import partition as partition
from minigrad.ops.arithmetic import positive as positive
from minigrad.ops.arithmetic import power as power
from minigrad.ops.reducing import prod as prod
from minigrad.ops.compositions import ptp as ptp
from minigrad.ops.elementary import rad2deg as rad2deg
from minigrad.ops.shaping import ravel as ravel
from minigrad.ops.arithmetic import reciprocal as reciprocal
from minigrad.ops.piecewise import remainder as remainder
from minigrad.ops.shaping import repeat as repeat
from minigrad.ops.shape import reshape as reshape
from minigrad.ops.piecewise import rint as rint
from minigrad.ops.rearrange import roll as roll
from minigrad.ops.compositions import rollaxis as rollaxis
from minigrad.ops.rearrange import rot90 as rot90
from minigrad.ops.compositions import round as round
from minigrad.ops.compositions import select as select
from minigrad.ops.indexing import setitem as setitem
from minigrad.ops.piecewise import sign as sign
from minigrad.ops.elementary import sin as sin
from minigrad.ops.elementary import sinc as sinc
from minigrad.ops.elementary import sinh as sinh
from minigrad.ops.indexing import sort as sort
from minigrad.ops.shaping import split as split
from minigrad.ops.arithmetic import sqrt as sqrt
from minigrad.ops.arithmetic import square as square
from minigrad.ops.shaping import squeeze as squeeze
from minigrad.ops.joining import stack as stack
from minigrad.ops.reducing import std as std
from minigrad.ops.arithmetic import subtract as subtract
from minigrad.ops.reducing import sum as sum
from minigrad.ops.shape import swapaxes as swapaxes
from minigrad.ops.indexing import take as take
from minigrad.ops.indexing import take_along_axis as take_along_axis
from minigrad.ops.elementary import tan as tan
from minigrad.ops.elementary import tanh as tanh
from minigrad.ops.contraction import tensordot as tensordot
from minigrad.ops.shaping import tile as tile
from minigrad.ops.rearrange import trace as trace
from minigrad.ops.shape import transpose as transpose
from minigrad.ops.scan import trapezoid as trapezoid
from minigrad.ops.rearrange import tril as tril
from minigrad.ops.rearrange import triu as triu
from minigrad.ops.piecewise import trunc as trunc
from minigrad.ops.array_api import unstack as unstack
from minigrad.ops.reducing import var as var
from minigrad.ops.array_api import vdot as vdot
from minigrad.ops.array_api import vecdot as vecdot
from minigrad.ops.array_api import vecmat as vecmat
from minigrad.ops.shaping import vsplit as vsplit
from minigrad.ops.joining import vstack as vstack
from minigrad.ops.piecewise import where as where

__all__ = [
    "abs",
    "add",
    "append",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "array_split",
    "astype",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "average",
    "broadcast_arrays",
    "broadcast_to",
    "ceil",
    "clip",
    "column_stack",
    "concatenate",
    "copysign",
    "cos",
    "cosh",
    "cross",
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "deg2rad",
    "diag",
    "diagflat",
    "diagonal",
    "diff",
    "divide",
    "dot",
    "dsplit",
    "dstack",
    "einsum",
    "equal",
    "exp",
    "exp2",
    "expand_dims",
    "expm1",
    "flip",
    "fliplr",
    "flipud",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "getitem",
    "greater",
    "greater_equal",
    "hsplit",
    "hstack",
    "hypot",
    "index_add",
    "inner",
    "kron",
    "less",
    "less_equal",
    "linspace",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_not",
    "logical_or",
    "matmul",
    "matvec",
    "max",
    "maximum",
    "mean",
    "meshgrid",
    "min",
    "minimum",
    "moveaxis",
    "multiply",
    "nan_to_num",
    "nanmean",
    "nansum",
    "negative",
    "not_equal",
    "outer",
    "pad",
    "partition",
    "positive",
    "power",
    "prod",
    "ptp",
    "rad2deg",
    "ravel",
    "reciprocal",
    "remainder",
    "repeat",
    "reshape",
    "rint",
    "roll",
    "rollaxis",
    "rot90",
    "round",
    "select",
    "setitem",
    "sign",
    "sin",
    "sinc",
    "sinh",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "swapaxes",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tensordot",
    "tile",
    "trace",
    "transpose",
    "trapezoid",
    "tril",
    "triu",
    "trunc",
    "unstack",
    "var",
    "vdot",
    "vecdot",
    "vecmat",
    "vsplit",
    "vstack",
    "where",
    "linalg",
    "special",
]
