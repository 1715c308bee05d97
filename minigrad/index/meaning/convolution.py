"""Convolutions: products over windows, ``y_not = Σ_cki [i = s t + d k − p] w_ock x_nci`` and their adjoints.

The image, the kernel and the output meet in one product; which of the three is left open says whether it
is the convolution or its adjoint in the image or in the kernel.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from minigrad.errors import DerivationError, ShapeError
from minigrad.index import affine
from minigrad.index import view as v
from minigrad.index.algebra import constant
from minigrad.index.size import AnySize, divided_up, is_at_least, quotient
from minigrad.index.view import View

Numbers = Sequence[int]
Operand = tuple[View, Sequence[Hashable]]


def conv(
    x: View, w: View, *, stride: Numbers, padding: Numbers, dilation: Numbers, groups: int
) -> View:
    """Outputs over groups and channels in them, for images (n, g, c, ...) and kernels (g, o, c, ...)."""
    steps = list(zip(stride, dilation, padding, strict=True))
    counts = [
        window_count(size, kernel, *step)
        for size, kernel, step in zip(x.sizes[2:], w.sizes[2:], steps, strict=True)
    ]
    y = _product("not", [_split(x, 1, groups), _split(w, 0, groups)], ["nci", "ock"], counts, steps)
    return _joined(y, 1)


def conv_image(
    g: View, w: View, *, size: Sequence[AnySize],
    stride: Numbers, padding: Numbers, dilation: Numbers, groups: int,
) -> View:  # fmt: skip
    """What the outputs send back to the image."""
    steps = list(zip(stride, dilation, padding, strict=True))
    x = _product("nci", [_split(g, 1, groups), _split(w, 0, groups)], ["not", "ock"], size, steps)
    return _joined(x, 1)


def conv_kernel(
    g: View, x: View, *, kernel: Sequence[AnySize],
    stride: Numbers, padding: Numbers, dilation: Numbers, groups: int,
) -> View:  # fmt: skip
    """What the outputs send back to the kernel."""
    steps = list(zip(stride, dilation, padding, strict=True))
    w = _product("ock", [_split(g, 1, groups), _split(x, 1, groups)], ["not", "nci"], kernel, steps)
    return _joined(w, 0)


def window_count(
    size: AnySize, kernel: AnySize, stride: int, dilation: int, padding: int
) -> AnySize:
    """How many windows lie within an axis and its margins."""
    room = size + 2 * padding - dilation * (kernel - 1)
    count = divided_up(room, stride)
    if count is None:
        known = v.known_size(room)
        if not isinstance(known, int):
            raise DerivationError(
                f"windows: how many of stride {stride} fit into {size} is no polynomial of dims; give the "
                "axis a number, or a size that the stride divides, as in x='2*k'"
            )
        count = -(-known // stride)
    if is_at_least(count, 1) is False:
        raise ShapeError(f"windows: a kernel of size {kernel} with dilation {dilation} does not fit into "
                         f"{size} elements padded by {padding}")  # fmt: skip
    return count


def in_windows(
    labels: Sequence[Hashable], sizes: Sequence[AnySize], stride: int, dilation: int, padding: int
) -> Operand:
    """[i = stride t + dilation k − padding] for labels (t, k, i); an axis of size 1 has index 0."""
    coefs = (stride, dilation, -1)
    kept = [axis for axis, size in enumerate(sizes) if size != 1]
    if not kept:
        return v.whole(constant(int(padding == 0))), ()
    node = affine.AffineRelation([coefs[k] for k in kept], -padding, [sizes[k] for k in kept])
    return v.whole(node), [labels[k] for k in kept]


def _product(
    out: str,
    views: Sequence[View],
    letters: Sequence[str],
    opened: Sequence[AnySize],
    steps: Sequence[tuple[int, int, int]],
) -> View:
    """The product of two of image "nci", kernel "ock" and output "not", left open at the third.

    The last letter stands for as many axes as there are ``steps``; those of the result have the sizes
    ``opened``.
    """
    operands: list[Operand] = [(x, _axes(name, steps)) for x, name in zip(views, letters, strict=True)]
    sizes = {label: s for x, labels in operands for label, s in zip(labels, x.sizes, strict=True)}
    sizes |= dict(zip(_axes(out, steps)[3:], opened, strict=True))
    for k, step in enumerate(steps):
        labels = [(letter, k) for letter in "tki"]
        operands.append(in_windows(labels, [sizes[label] for label in labels], *step))
    known = {label: sizes[label] for label in _axes(out, steps) if sizes[label] != 1}
    return v.contraction(_axes(out, steps), operands, 1, known, "convolution")


def _axes(letters: str, steps: Sequence[object]) -> list[Hashable]:
    """A label for every axis: the group stands with the channels; kernels have no other leading axis."""
    first, second, last = tuple(letters)
    lead: list[Hashable] = ["g", first, second] if letters == "ock" else [first, "g", second]
    return [*lead, *((last, k) for k in range(len(steps)))]


def _split(x: View, axis: int, groups: int) -> View:
    """The axis as groups and what is in each."""
    part = quotient(x.sizes[axis], groups)
    if part is None:
        part = quotient(v.known_size(x.sizes[axis]), groups)
    if part is None:
        raise DerivationError(
            f"convolution: {groups} groups do not divide {x.sizes[axis]} channels as a polynomial of dims"
        )
    if groups == 1:
        return v.with_axes(x, [*range(axis), None, *range(axis, x.ndim)])
    return v.reshape(x, [*x.sizes[:axis], groups, part, *x.sizes[axis + 1 :]])


def _joined(x: View, axis: int) -> View:
    """Groups and what is in each as one axis."""
    if x.axes[axis] is None:
        return v.with_axes(x, [k for k in range(x.ndim) if k != axis])
    return v.reshape(x, [*x.sizes[:axis], x.sizes[axis] * x.sizes[axis + 1], *x.sizes[axis + 2 :]])
