"""What people write who come from PyTorch: it works, or one line says what to write."""

from __future__ import annotations

import copy
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import (
    AbsentError,
    ArgumentError,
    FileError,
    KindError,
    MinigradError,
    ShapeError,
)

F = nn.functional


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def model() -> Any:
    return nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))


def graded() -> Any:
    net = model()
    net(normal(5, 3)).sum().backward()
    return net


class Own(nn.Module):
    """As people write it: with super().__init__(), a ModuleList, and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 3, rng=0), nn.Linear(3, 3, rng=1)])
        self.heads = nn.ModuleDict({"left": nn.Linear(3, 1, rng=2)})
        self.register_buffer("scale", [1.0, 2.0, 3.0])

    def forward(self, x: mg.Tensor) -> mg.Tensor:
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.heads["left"](x * self.scale)


# -- what works --------------------------------------------------------------------------------------

OWN = ["scale", "layers.0.W", "layers.0.b", "layers.1.W", "layers.1.b", "heads.left.W", "heads.left.b"]
NAMES = ["layers.0.W", "layers.0.b", "layers.2.W", "layers.2.b"]


def moved(make: Callable[[Any], Any]) -> bool:
    net = graded()
    before = net.state_dict()
    optimizer = make(net)
    optimizer.step()
    optimizer.zero_grad()
    return all((before[n] != p.numpy()).any() and p.grad is None for n, p in net.named_parameters() if n != "layers.0.b")


RULES = (optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad)
WORKS: list[tuple[Callable[[], Any], Any]] = [
    (lambda: [name for name, p in model().named_parameters()], NAMES),
    (lambda: [name for name, p in model().named_parameters().items()], NAMES),
    (lambda: list(dict(model().named_parameters())), NAMES),
    (lambda: list({**model().named_parameters()}), NAMES),
    (lambda: "layers.0.W" in model().named_parameters(), True),
    (lambda: model().named_parameters()["layers.0.W"].shape, (3, 4)),
    (lambda: sum(p.size for p in model().parameters()), 26),
    (lambda: [(n, type(m).__name__) for n, m in model().named_modules()][:2], [("", "Sequential"), ("layers.0", "Linear")]),
    (lambda: [n for n, _ in model().named_children()], ["layers.0", "layers.1", "layers.2"]),
    (lambda: len(model().children()), 3),
    (lambda: model()[:2](normal(5, 3)).shape, (5, 4)),
    (lambda: type(model()[-1]).__name__, "Linear"),
    (lambda: model().append(nn.Tanh())(normal(5, 3)).shape, (5, 2)),
    (lambda: list(nn.Sequential(OrderedDict(fc=nn.Linear(3, 2), act=nn.ReLU())).state_dict()), ["layers.fc.W", "layers.fc.b"]),
    (lambda: type(nn.Sequential({"fc": nn.Linear(3, 2)})["fc"]).__name__, "Linear"),
    (lambda: sorted(Own().state_dict()), sorted(OWN)),
    (lambda: [n for n, _ in Own().named_buffers()], ["scale"]),
    (lambda: Own()(normal(2, 3)).shape, (2, 1)),
    (lambda: list(nn.ModuleList([nn.Linear(2, 2)]).state_dict()), ["0.W", "0.b"]),
    (lambda: list(nn.ModuleDict({"a": nn.Linear(2, 2)}).state_dict()), ["a.W", "a.b"]),
    (lambda: len(nn.ModuleList([nn.ReLU()]).modules()), 2),
    (lambda: nn.Softmax(dim=0)(np.zeros((2, 3))).numpy()[0, 0], 0.5),
    (lambda: nn.LeakyReLU(0.2)(np.array([-1.0])).item(), -0.2),
    (lambda: nn.Flatten()(np.zeros((2, 3, 4))).shape, (2, 12)),
    (lambda: nn.Identity()(np.ones(2)).tolist(), [1.0, 1.0]),
    (lambda: graded().zero_grad(set_to_none=True), None),
    *[(lambda kind=kind: moved(lambda net: kind(net, lr=0.1)), True) for kind in RULES],
    (lambda: moved(lambda net: optim.SGD(net.parameters(), lr=0.1)), True),
    (lambda: moved(lambda net: optim.SGD((p for p in net.parameters()), lr=0.1)), True),
    (lambda: moved(lambda net: optim.SGD(list(net.named_parameters()), lr=0.1)), True),
    (lambda: moved(lambda net: optim.SGD([{"params": net[0]}, {"params": net[2].parameters(), "lr": 0.2}], lr=0.1)), True),
    (lambda: optim.SGD(graded(), lr=0.1).step(lambda: 3.0), 3.0),
    (lambda: optim.SGD(model(), lr=0.1).param_groups[0]["lr"], 0.1),
    (lambda: optim.clip_grad_norm(graded(), 1.0) > 0, True),
    (lambda: repr(optim.SGD(model(), lr=0.1, momentum=0.9)), "SGD(lr=0.1, momentum=0.9): 4 parameters, 26 numbers, 0 steps done"),
    (lambda: repr(optim.Adam([{"params": model()[0]}, {"params": model()[2], "lr": 0.1}])),
     "Adam: 4 parameters, 26 numbers in 2 groups, 0 steps done\n"
     "  0: lr=0.001: 2 parameters, 16 numbers\n  1: lr=0.1: 2 parameters, 10 numbers"),
    (lambda: repr(optim.linear_warmup(5, optim.cosine(0.1, 100))), "linear_warmup(steps=5, then=cosine(lr=0.1, steps=100))"),
    (lambda: repr(optim.SGD(model(), lr=optim.step(0.1, every=3))).split(":")[0], "SGD(lr=step(lr=0.1, every=3))"),
    (lambda: repr(nn.LeakyReLU(0.2)), "LeakyReLU(negative_slope=0.2): 0 parameters"),
    (lambda: repr(nn.Conv2d(2, 4, 3, stride=2, rng=0)).splitlines()[0], "Conv2d(2 to 4, kernel 3×3, stride=2): 76 parameters"),
    (lambda: repr(nn.LSTM(2, 3, layers=2)).splitlines()[0], "LSTM(2 to 3, 2 layers): 156 parameters"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "expected"), WORKS)
def test_works(call: Callable[[], Any], expected: Any) -> None:
    assert call() == expected


# -- what is told ------------------------------------------------------------------------------------

TOLD: list[tuple[Callable[[], Any], str]] = [
    (lambda: nn.MultiheadAttention(4, 2), r"write mg.nn.MultiHeadAttention\(features, heads\)"),
    (lambda: nn.TransformerEncoderLayer(4, 2), r"write mg.nn.TransformerBlock\(features, heads\)"),
    (lambda: nn.Hardsigmoid(), r"write lambda x: mg.nn.functional.relu6\(x \+ 3\) / 6"),
    (lambda: nn.Relu(), "did you mean ReLU"),
    (lambda: nn.Parameter(np.ones(2)), "requires_grad=True"),
    (lambda: nn.utils.clip_grad_norm_(graded(), 1.0), r"write mg.optim.clip_grad_norm\(model, 1.0\)"),
    (lambda: nn.init.kaiming_normal_(None), "init=mg.nn.init.he_normal"),
    (lambda: F.one_hot(np.array([1])), r"write mg.eye\(classes\)\[labels\]"),
    (lambda: mg.SGD(model()), r"write mg.optim.SGD\(model, lr=0.1\)"),
    (lambda: mg.data.DataLoader([1]), r"for x, y in mg.data.minibatches\(X, Y, size=32"),
    (lambda: nn.Softmax(dim=-1, axis=-1), "Softmax: axis is given twice, as dim= too"),
    (lambda: nn.Sequential(nn.Linear(3, 2), nn.ReLU), r"ReLU is a class, .*write ReLU\(\)"),
    (lambda: nn.Sequential([nn.ReLU()]), r"not as a list; write Sequential\(\*layers\)$"),
    (lambda: nn.ReLU(inplace=True), "ReLU: there is no inplace=.*leave it out"),
    (lambda: nn.Linear(in_features=3, out_features=2), r"in_features is called inputs here; write Linear\(inputs, outputs"),
    (lambda: nn.RNN(3, 4, num_layers=2), r"num_layers is called layers here; write RNN\(inputs, features, layers=1"),
    (lambda: nn.LSTM(3, 4, batch_first=False), r"call it with x.swapaxes\(0, 1\)"),
    (lambda: nn.Linear(3), r"missing a required argument: 'outputs'; write Linear\(inputs, outputs"),
    (lambda: nn.LeakyReLU(0.1, 0.2), "LeakyReLU: too many positional arguments"),
    (lambda: nn.MSELoss()(np.ones(2)), "MSELoss: called with input, target, and got 1"),
    (lambda: nn.Linear(3, 2).weight, "Linear has no 'weight'; matrices are called W"),
    (lambda: nn.Linear(3, 2).parametres(), "did you mean parameters"),
    (lambda: model().cuda(), "leave it out"),
    (lambda: model().to("cpu"), "leave it out"),
    (lambda: model().half(), r'write model.astype\("float32"\)'),
    (lambda: next(model().parameters()), r"write model.parameters\(\)\[0\]"),
    (lambda: model().register_parameter("a", None), "write module.name = tensor"),
    (lambda: model()[5], "it has 3, counted from 0"),
    (lambda: model()["fc"], "there is no layer 'fc'"),
    (lambda: nn.Sequential([nn.ReLU()]), r"write Sequential\(\*layers\)"),
    (lambda: model().load_state_dict({}, strict=False), "every name must fit"),
    (lambda: model().zero_grad(set_to_none=False), "leave set_to_none out"),
    (lambda: model().save("model.pt"), r"write model.save\('model.npz'\)"),
    (lambda: Own().register_buffer("layers", [1.0]), "'layers' is taken"),
    (lambda: Own().register_buffer("new", mg.tensor([1.0], requires_grad=True)), "is a parameter; write self.new = tensor"),
    (lambda: nn.LSTM(2, 2)(np.ones((3, 2)), 3), r"the state is a pair \(h, c\)"),
    (lambda: optim.SGD(model(), learning_rate=0.1), r"learning_rate is called lr here; write SGD\(parameters, lr="),
    (lambda: optim.Adam(model(), beta1=0.9), r"write betas="),
    (lambda: optim.SGD(model(), momentun=0.9), "did you mean momentum="),
    (lambda: optim.lr_scheduler.StepLR(None, 3), r"write SGD\(model, lr=mg.optim"),
    (lambda: optim.StepLR, r"lr=mg.optim.step\(0.1, every=10\)"),
    (lambda: optim.cosine(0.1, T_max=3), r"write cosine\(lr, steps, final=0.0\)"),
    (lambda: optim.clip_grad_norm_(graded(), 1.0), r"write mg.optim.clip_grad_norm\(model, 1.0\)"),
    (lambda: optim.SGD(model(), lr=0.1).zero_grad(set_to_none=False), "leave set_to_none out"),
    (lambda: optim.SGD(model(), lr=0.1).state, r"write optimizer.state_dict\(\)"),
    (lambda: optim.SGD(model(), lr=0.1).param_groups[0]["beta"], "a group has no 'beta'; it has params, lr, momentum"),
    (lambda: optim.SGD({"params": [mg.tensor([1.0], requires_grad=True)]}), r"groups stand in a list"),
    (lambda: optim.SGD(3.0), "3.0 holds no parameters; pass a module"),
    (lambda: optim.SGD(nn.ReLU()), "no parameters of ReLU can move: it has none"),
    (lambda: optim.SGD(model().requires_grad_(False)), "all are frozen"),
    (lambda: optim.SGD([model(), model()]), r"write \[\*first.parameters\(\), \*second.parameters\(\)\]"),
    (lambda: optim.SGD([("a", model()[0].W), ("a", model()[0].b)]), "two parameters have one name"),
    (lambda: optim.SGD(iter([])), "an iterator that was gone through holds none"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), TOLD)
def test_is_told_in_one_line(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(MinigradError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_every_name_of_a_table_is_missing_here() -> None:
    from minigrad.nn.elsewhere import FUNCTIONAL, INIT
    from minigrad.nn.elsewhere import TOLD as MODULES

    for place, table in ((nn, MODULES), (nn.init, INIT), (F, FUNCTIONAL), (optim, optim._ELSEWHERE)):
        for name, line in table.items():
            with pytest.raises(AbsentError, match=f"has no '{name}'; "):
                getattr(place, name)
            assert line.count("(") == line.count(")") or "{" in line, line


# -- freezing, saving --------------------------------------------------------------------------------


def test_what_is_frozen_stays_and_does_not_move() -> None:
    net = Own()
    net.layers[0].requires_grad_(False)
    assert sorted(net.state_dict()) == sorted(OWN)
    optimizer = optim.SGD(net, lr=0.1)
    before = net.state_dict()
    net(normal(4, 3)).sum().backward()
    optimizer.step()
    after = net.state_dict()
    same = {name for name in OWN if (before[name] == after[name]).all()}
    assert {"layers.0.W", "layers.0.b", "scale"} <= same
    assert "heads.left.W" not in same
    assert "3, 3)  9, frozen" in repr(net)
    twin = pickle.loads(pickle.dumps(net))
    assert sorted(twin.state_dict()) == sorted(OWN)
    assert all(p.requires_grad for p in net.requires_grad_().parameters())


def test_what_an_attribute_gets_later_is_what_counts() -> None:
    net = nn.Linear(2, 2, rng=0)
    net.W.requires_grad_(False)
    assert list(net.state_dict()) == ["W", "b"]
    net.W = mg.tensor(np.eye(2))
    assert list(net.named_parameters().keys()) == ["b"]
    net.W = mg.tensor(np.eye(2), requires_grad=True)
    net.b = [nn.Linear(2, 2), mg.tensor([0.0, 0.0], requires_grad=True), nn.ReLU()]
    assert sorted(net.state_dict()) == ["W", "b.0.W", "b.0.b", "b.1"]
    net.b = None
    assert list(net.state_dict()) == ["W"]


def test_apply_reaches_parts_before_wholes() -> None:
    seen: list[str] = []
    net = model()
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Linear", "ReLU", "Linear", "Sequential"]


@pytest.mark.parametrize("make", [model, Own, lambda: nn.BatchNorm(3), lambda: nn.LSTM(2, 3, layers=2)])
def test_files_go_round(make: Callable[[], Any], tmp_path: Path) -> None:
    first, second = make(), make()
    for k, p in enumerate(first._state().values()):
        p.assign(normal(*p.shape, seed=k))
    first.save(tmp_path / "m.npz")
    assert second.load(tmp_path / "m.npz") is second
    for name, value in first.state_dict().items():
        assert (second.state_dict()[name] == value).all()
    with np.load(tmp_path / "m.npz", allow_pickle=False) as held:
        assert sorted(held) == sorted(first.state_dict())


def test_a_file_of_another_model_changes_nothing_and_lists_all(tmp_path: Path) -> None:
    other = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3), nn.Linear(3, 3, bias=False))
    other.save(tmp_path / "other.npz")
    net = model()
    before = net.state_dict()
    with pytest.raises(ArgumentError) as caught:
        net.load(tmp_path / "other.npz")
    lines = str(caught.value).splitlines()
    assert "other.npz do not fit Sequential; load it into the model that it was saved from" in lines[0]
    assert lines[1:] == [
        "  mismatched: layers.2.W has shape (4, 3), not (4, 2)",
        "  mismatched: layers.2.b has shape (3,), not (2,)",
        "  unexpected: layers.3.W (3, 3)",
    ]
    assert all((before[name] == value).all() for name, value in net.state_dict().items())


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"layers.0.W.npy") + 200] ^= 1
    path.write_bytes(data)


def _text(path: Path) -> None:
    path.write_text("weights")


def _objects(path: Path) -> None:
    np.savez(path, **{"layers.0.W": np.array([{}], object)})


def _stranger(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil.py", "print()")


def _huge(path: Path) -> None:
    """A header that promises more than memory holds, over few bytes."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("layers.0.W.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"shape": (2**40, 4), "fortran_order": False, "descr": "<f8"})


@pytest.mark.parametrize("damage", [_cut, _flip, _text, _objects, _stranger, _huge])
def test_files_that_are_damaged_change_nothing(damage: Callable[[Path], None], tmp_path: Path) -> None:
    net, path = model(), tmp_path / "m.npz"
    net.save(path)
    damage(path)
    before = net.state_dict()
    with pytest.raises(ArgumentError):
        net.load(path)
    assert all((before[name] == value).all() for name, value in net.state_dict().items())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        model().load(tmp_path / "none.npz")


# -- shared, cyclic, copied --------------------------------------------------------------------------


class Pair(nn.Module):
    def __init__(self, first: Any, second: Any) -> None:
        self.first, self.second = first, second


def test_what_is_shared_moves_once() -> None:
    first, second = nn.Linear(2, 2, rng=0), nn.Linear(2, 2, rng=1)
    second.W = first.W
    tied = Pair(first, second)
    assert list(tied.named_parameters().keys()) == ["first.W", "first.b", "second.W", "second.b"]
    assert len(tied.parameters()) == len(optim.SGD(tied).parameters) == 3
    part = nn.Linear(2, 2, rng=0)
    twice = Pair(part, part)
    assert len(twice.parameters()) == 2
    assert len(twice.state_dict()) == 4
    before = part.W.numpy().copy()
    (twice.first(np.ones((1, 2))) + twice.second(np.ones((1, 2)))).sum().backward()
    optim.SGD(twice, lr=0.5).step()
    np.testing.assert_allclose(part.W.numpy(), before - 1.0)
    with pytest.raises(ArgumentError, match="is given twice"):
        optim.SGD([*twice.first.parameters(), *twice.second.parameters()])


def test_a_module_is_no_part_of_itself() -> None:
    parent, child = Pair(None, None), Pair(None, None)
    parent.first = child
    for value in (parent, [parent], {"up": (parent,)}):
        with pytest.raises(ArgumentError, match="is a part of itself.*keep what leads back"):
            child.second = value
        assert child.second is None
    parent.second = [child]
    parent.second.append(parent)
    with pytest.raises(ArgumentError, match="second.1: this Pair is a part of itself"):
        parent.parameters()


def test_containers_are_copied_and_pickled() -> None:
    net = Own()
    x = normal(2, 3)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert (twin(x).numpy() == net(x).numpy()).all()
        assert twin.layers[0].W is not net.layers[0].W
        twin.scale.assign(np.zeros(3))
        assert net.scale.tolist() == [1.0, 2.0, 3.0]


def test_optimisers_and_schedules_are_pickled() -> None:
    rate = optim.linear_warmup(5, optim.cosine(0.1, 10))
    twin = pickle.loads(pickle.dumps(rate))
    assert repr(twin) == repr(rate)
    assert [twin(t) for t in range(20)] == [rate(t) for t in range(20)]
    optimizer = optim.Adam(graded(), lr=rate)
    optimizer.step()
    again = pickle.loads(pickle.dumps(optimizer))
    assert repr(again) == repr(optimizer)
    assert again.state_dict().keys() == optimizer.state_dict().keys()


def test_groups_are_read_and_set() -> None:
    net = model()
    optimizer = optim.SGD(net[0], lr=0.1)
    optimizer.add_param_group({"params": net[2], "lr": optim.linear(0.5, 0.1, 10)})
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]
    for group in optimizer.param_groups:
        group["lr"] = 0.01
        group["momentum"] = 0.9
    assert [g.options.momentum for g in optimizer.groups] == [0.9, 0.9]
    assert optimizer.lr == 0.01
    with pytest.raises(ArgumentError, match="momentum=2"):
        optimizer.param_groups[0]["momentum"] = 2
    with pytest.raises(ArgumentError, match="is given twice"):
        optimizer.add_param_group({"params": net[0].W})
    assert len(optimizer.groups) == 2
    assert set(optimizer.state_dict()) == {"steps"}


# -- batch norms -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5)])
def test_batch_norm_is_its_definition(shape: tuple[int, ...]) -> None:
    norm = nn.BatchNorm(3, momentum=0.25)
    over = (0, *range(2, len(shape)))
    at = (3, *(1,) * (len(shape) - 2))
    mean, var = np.zeros(3), np.ones(3)
    for k in range(3):
        x = 2 * normal(*shape, seed=k) + 1
        y = norm(x).numpy()
        np.testing.assert_allclose(y.mean(over), 0, atol=1e-12)
        np.testing.assert_allclose(y.var(over), 1, rtol=1e-4)
        mean, var = 0.75 * mean + 0.25 * x.mean(over), 0.75 * var + 0.25 * x.var(over, ddof=1)
    np.testing.assert_allclose(norm.running_mean.numpy(), mean, rtol=1e-12)
    np.testing.assert_allclose(norm.running_var.numpy(), var, rtol=1e-12)
    one = 2 * normal(1, *shape[1:], seed=9) + 1
    expected = (one - mean.reshape(at)) / np.sqrt(var.reshape(at) + 1e-5)
    np.testing.assert_allclose(norm.eval()(one).numpy(), expected, rtol=1e-12)
    assert (norm.running_mean.numpy() == norm.eval().running_mean.numpy()).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.BatchNorm1d(3)(np.ones((1, 3))), r"one value of each feature.*model.eval\(\)"),
        (lambda: nn.BatchNorm(3)(np.ones((4, 2, 3))), r"axis 1 of .* must have size 3.*x.swapaxes\(1, -1\)"),
        (lambda: nn.BatchNorm2d(3)(np.ones((4, 3))), "BatchNorm2d: takes 4 axes"),
        (lambda: nn.BatchNorm(3)(np.ones(3)), "takes at least 2 axes"),
        (lambda: nn.Conv2d(3, 2, 3)(np.ones((1, 2, 5, 5))), "2 channels"),
        (lambda: nn.AvgPool2d(3)(np.ones((1, 2, 2))), "a window of size 3 does not fit"),
        (lambda: nn.RNN(3, 2)(np.ones((4, 2))), "RNN: the last axis of .* must have size 3"),
        (lambda: nn.RNN(2, 2)(mg.symbols("X: n 2")), "declare a number"),
        (lambda: nn.RNN(2, 2)(np.ones((3, 2)), (np.ones(3),)), "the state of layer 0 is"),
        (lambda: nn.Flatten(2)(np.ones((3, 2))), "has no axes from 2 to -1"),
    ],
)
def test_shapes_that_do_not_fit(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        call()


# -- recurrent networks ------------------------------------------------------------------------------


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def step(kind: str, w: dict[str, np.ndarray], x: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    def gate(g: str) -> np.ndarray:
        return x @ w[f"W{g}"] + h @ w[f"U{g}"] + w[f"b{g}"]

    if kind == "RNN":
        return np.tanh(gate("")), c
    if kind == "GRU":
        r, z = sigmoid(gate("r")), sigmoid(gate("z"))
        n = np.tanh(x @ w["Wn"] + w["bn"] + r * (h @ w["Un"] + w["cn"]))
        return (1 - z) * n + z * h, c
    c = sigmoid(gate("f")) * c + sigmoid(gate("i")) * np.tanh(gate("g"))
    return sigmoid(gate("o")) * np.tanh(c), c


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_recurrent_networks_are_their_definitions(kind: str) -> None:
    net = getattr(nn, kind)(3, 2, layers=2, rng=0)
    for k, p in enumerate(net.parameters()):
        p.assign(normal(*p.shape, seed=k))
    x = normal(4, 5, 3)
    steps = list(x.swapaxes(0, 1))
    for cell in net.cells:
        w = {name: p.numpy() for name, p in cell.named_parameters()}
        h = c = np.zeros((4, 2))
        results = []
        for each in steps:
            h, c = step(kind, w, each, h, c)
            results.append(h)
        steps = results
    y, state = net(x)
    np.testing.assert_allclose(y.numpy(), np.stack(steps, 1), rtol=1e-12)
    last = state if kind != "LSTM" else state[0]
    assert (last[-1].numpy() == y.numpy()[:, -1]).all()
    first, middle = net(x[:, :2])
    rest, _ = net(x[:, 2:], middle)
    np.testing.assert_allclose(np.concatenate([first.numpy(), rest.numpy()], 1), y.numpy(), rtol=1e-12)


# -- what is new derives -----------------------------------------------------------------------------

DERIVED: dict[str, tuple[Callable[[], Any], tuple[int, ...], str]] = {
    "batch norm": (lambda: nn.BatchNorm1d(3), (5, 3), "rowsum(T ⊙ dZᵀ)))ᵀ diag(1 ⊘ √("),
    "running": (lambda: nn.BatchNorm1d(3).eval(), (5, 3), "Z = (X − running_mean) diag(1 ⊘ √(running_var + 1e-05))"),
    "images": (lambda: nn.BatchNorm2d(2), (2, 2, 2, 2), "dgamma = "),
    "conv1d": (lambda: nn.Conv1d(2, 3, 2, rng=0), (1, 2, 4), "dX[:,i] = Σ_j W[:,:,j]ᵀ dY[:,i - j]"),
    "conv2d": (lambda: nn.Conv2d(2, 1, 2, rng=0), (1, 2, 3, 3), "dX_ijk = Σ_lm W_ilm dY[j - l,k - m]"),
    "max1": (lambda: nn.MaxPool1d(2), (2, 4), "onehot(rowargmax("),
    "max2": (lambda: nn.MaxPool2d(2), (1, 4, 4), "onehot(argmax("),
    "avg1": (lambda: nn.AvgPool1d(2), (2, 4), "dX = repeat(rowsum(reshape(X, (2, 2, 2))), 2, 1) / 2"),
    "avg2": (lambda: nn.AvgPool2d(2), (1, 4, 4), "dX = repeat(repeat(Y, 2, 1), 2, 0) / 2"),
    "flatten": (lambda: nn.Flatten(), (2, 3, 2), "dX = 2 X"),
    "rnn": (lambda: nn.RNN(2, 2, rng=0), (2, 2), "dU  = h1 (r ⊙ dh2)ᵀ"),
    "gru": (lambda: nn.GRU(2, 2, rng=0), (1, 2), "h1 = (1 − z1) ⊙ n1"),
    "lstm": (lambda: nn.LSTM(2, 2, rng=0), (1, 2), "c1 = i1 ⊙ g1"),
}  # fmt: skip


@pytest.mark.parametrize("name", DERIVED)
def test_what_is_new_derives_is_checked_and_ships(name: str) -> None:
    make, shape, line = DERIVED[name]
    net = make()
    X = mg.tensor(normal(*shape), name="X")
    y = net(X)
    loss = mg.sum((y[0] if isinstance(y, tuple) else y) ** 2).named("L")
    derivation = mg.derive(loss, wrt=[X, *(p for p in net.parameters() if reached(loss, p))])
    assert line in str(derivation)
    assert mg.check(loss).verdict == "pass"
    for language in ("numpy", "jax", "torch"):
        assert "def " in derivation.source(language)
    assert "<svg" in mg.draw(loss).svg


def reached(loss: mg.Tensor, p: mg.Tensor) -> bool:
    """A first step has no state before it, and so none of its matrices."""
    seen, todo = set(), [loss._node]
    while todo:
        node = todo.pop()
        if node is p._node:
            return True
        if id(node) not in seen:
            seen.add(id(node))
            todo += [i for i in node.inputs if hasattr(i, "inputs")]
    return False


def test_who_asks_for_a_name_in_vain_looks_for_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minigrad.elsewhere.nearest", lambda *_: pytest.fail("words were looked for"))
    assert not hasattr(nn.Linear(2, 2), "dropout")
    assert getattr(optim.SGD(model()), "nothing", 3) == 3


def test_an_error_for_a_name_is_pickled() -> None:
    with pytest.raises(AbsentError) as caught:
        nn.Linear(2, 2).parametres()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("path", [3, True, None, b"m.npz", 1.5, ["m.npz"]])
def test_what_is_no_path_is_told_in_words(path: Any) -> None:
    for call in (model().save, model().load):
        with pytest.raises(KindError, match="a file's name is a str or a Path"):
            call(path)


def test_cells_are_told_by_names_that_people_know() -> None:
    for kind in (nn.RNN, nn.GRU, nn.LSTM):
        assert f"cells.0: {kind.__name__}Cell: " in repr(kind(3, 4, rng=0))
