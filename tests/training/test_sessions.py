"""Training loops, checkpoints and predictions from Python: stopped and gone on with to the bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

import minigrad as mg
from minigrad.errors import ArgumentError, MinigradError, NonFiniteError, ShapeError
from minigrad.files import write_whole
from minigrad.training import Epoch, Predictor, Session, Settings, Trainer
from minigrad.training.checkpoint import load, save
from minigrad.training.rules import make_schedule
from minigrad.training.session import CHECKPOINT, METRICS
from minigrad.training.settings import OPTIMIZERS, SCHEDULES

# Small, and with everything that has a memory: dropout, a schedule, an optimiser with moments.
SMALL: dict[str, Any] = {"heads": 2, "dim": 8, "batch_size": 256, "schedule": "step", "warmup": 3}


def session(folder: Path, epochs: int = 2, **options: Any) -> Session:
    return Session.start(Settings(**SMALL | {"epochs": epochs} | options), folder)


def run(session: Session) -> list[Epoch]:
    return list(session.run())


# -- the loop -------------------------------------------------------------------------------------


def toy(**options: Any) -> Trainer:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(64, 3))
    y = (X.sum(axis=1) > 0).astype(float)

    class Linear(mg.nn.Module):
        def __init__(self) -> None:
            self.w = mg.tensor(np.zeros(3), requires_grad=True)

        def forward(self, x: mg.Tensor) -> mg.Tensor:
            return x @ self.w

    model = Linear()
    optimizer = mg.optim.SGD(model.parameters(), options.pop("lr", 0.5))
    return Trainer(model, optimizer, X, y, batch_size=16, rng=np.random.default_rng(1), **options)


def test_a_run_can_stop_after_any_batch_and_go_on() -> None:
    whole, parts = toy(), toy()
    list(whole.run(3))
    while parts.epoch < 3:
        list(parts.run(3, stop=lambda trainer: True))
    assert whole.history == parts.history
    assert (whole.model.state_dict()["w"] == parts.model.state_dict()["w"]).all()


def test_the_best_weights_are_kept_and_patience_ends() -> None:
    trainer = toy(validation=(np.ones((4, 3)), np.zeros(4)), patience=2)
    epochs = list(trainer.run(50))
    # Every step makes the validation part worse: it has the opposite labels.
    assert len(epochs) == 3
    assert trainer.best_epoch == 1
    assert trainer.lost_patience
    assert (trainer.model.state_dict()["w"] != trainer.best["w"]).any()
    trainer.use_best()
    assert (trainer.model.state_dict()["w"] == trainer.best["w"]).all()


def test_losses_and_accuracies_are_means_over_examples() -> None:
    trainer = toy(lr=1e-12)
    (epoch,) = trainer.run(1)
    assert epoch.loss == pytest.approx(np.log(2))
    loss, right = mg.training.evaluate(trainer.model, trainer.inputs, trainer.targets)
    assert loss == pytest.approx(np.log(2))
    assert right == mg.training.accuracy(trainer.model, trainer.inputs, trainer.targets)


def test_classes_on_axis_1_are_judged_by_the_largest() -> None:
    class Constant(mg.nn.Module):
        def forward(self, x: mg.Tensor) -> mg.Tensor:
            return mg.tensor(np.tile([[0.0, 3.0, 1.0]], (len(x), 1)))

    loss, right = mg.training.evaluate(
        Constant(), np.zeros(4), np.array([1, 1, 2, 0]), mg.nn.functional.cross_entropy
    )
    assert right == 0.5
    assert loss == pytest.approx(np.log(1 + np.exp(3) + np.exp(1)) - (3 + 3 + 1 + 0) / 4)


def test_labels_may_be_whole_numbers_or_truth_values_in_a_list() -> None:
    histories = []
    for y in (np.array([0.0, 1.0] * 8), [0, 1] * 8, [False, True] * 8):
        trainer = toy()
        X = np.arange(48.0).reshape(16, 3).tolist()
        rng = np.random.default_rng(0)
        model, optimizer = trainer.model, trainer.optimizer
        fitted = mg.training.fit(model, optimizer, X, y, epochs=2, batch_size=4, rng=rng)
        histories.append(list(fitted))
    assert histories[0] == histories[1] == histories[2]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"y": np.ones(3)}, ShapeError, r"have \[4, 3\] examples"),
        ({"batch_size": 0}, ArgumentError, "size=0"),
        ({"patience": 1}, ArgumentError, "patience=1 watches the validation loss"),
    ],
)
def test_what_does_not_fit_is_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    made = toy()
    settings = {"y": np.ones(4), "batch_size": 2, "rng": np.random.default_rng(0)} | options
    with pytest.raises(error, match=message):
        Trainer(made.model, made.optimizer, np.ones((4, 3)), settings.pop("y"), **settings)


def test_clipping_bounds_the_step() -> None:
    free, clipped = toy(), toy(clip=1e-3)
    for trainer in (free, clipped):
        list(trainer.run(1, stop=lambda trainer: True))
    assert np.linalg.norm(clipped.model.state_dict()["w"]) <= 0.5 * 1e-3
    assert np.linalg.norm(free.model.state_dict()["w"]) > 0.5 * 1e-3


def test_what_diverges_says_so() -> None:
    trainer = toy(lr=1e308, loss=lambda z, y: ((z - mg.tensor(y)) ** 2).mean())
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError, match="lower the learning rate"):
        list(trainer.run(5))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_to_the_bit(name: str, tmp_path: Path) -> None:
    resumes_to_the_bit(tmp_path, optimizer=name, lr=1e-2)


@pytest.mark.parametrize(
    "options", [{"dtype": "float32"}, {"layers": 2, "causal": True}, {"dropout": 0.0, "clip": None}]
)
def test_every_model_goes_on_to_the_bit(options: dict[str, Any], tmp_path: Path) -> None:
    resumes_to_the_bit(tmp_path, **options)


def resumes_to_the_bit(folder: Path, **options: Any) -> None:
    """Stopped in the middle of epoch 2, or after it, a run ends in the same files."""
    run(session(folder / "whole", **options))
    stopped = session(folder / "stopped", **options)
    batches = iter(range(100))
    list(stopped.run(lambda trainer: next(batches) == 6))
    assert 0 < stopped.trainer.done < len(stopped.trainer.targets)
    run(Session.resume(folder / "stopped", {}))
    short = session(folder / "short", epochs=1, **options)
    run(short)
    run(Session.resume(folder / "short", {"epochs": 2}))
    for name in (CHECKPOINT, METRICS):
        expected = (folder / "whole" / name).read_bytes()
        assert (folder / "stopped" / name).read_bytes() == expected
        assert (folder / "short" / name).read_bytes() == expected


# -- sessions -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    run(session(folder))
    return folder


def test_metrics_hold_each_epoch_once(finished: Path) -> None:
    lines = [json.loads(line) for line in (finished / METRICS).read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert set(lines[0]) >= {"loss", "accuracy", "validation_loss", "validation_accuracy", "lr"}


def test_a_crash_between_metrics_and_checkpoint_doubles_no_epoch(tmp_path: Path) -> None:
    run(session(tmp_path))
    metrics = tmp_path / METRICS
    before = metrics.read_bytes()
    metrics.write_bytes(before + b'{"epoch": 3, "loss": 0.1}\n{"epoch": 4, "lo')
    run(Session.resume(tmp_path, {}))
    assert metrics.read_bytes() == before


def test_a_checkpoint_says_what_it_is(finished: Path) -> None:
    with safe_open(finished / CHECKPOINT, framework="numpy") as file:
        metadata = file.metadata()
        assert {"order", "model.head.W", "best.head.W", "optimizer.steps"} <= set(file.keys())
    assert metadata["format"] == "minigrad-checkpoint"
    facts = json.loads(metadata["facts"])
    assert set(facts["versions"]) == {"minigrad", "numpy", "python"}
    assert facts["settings"]["heads"] == 2
    assert facts["finished"] is True


def test_the_parts_are_stratified_disjoint_and_decided_by_the_seed(tmp_path: Path) -> None:
    task = session(tmp_path).task
    parts = [task.training, task.validation, task.test]
    assert [len(y) for _, y in parts] == [1258, 180, 359]
    assert np.ptp([y.mean() for _, y in parts]) < 0.01
    seen = [{image.tobytes() for image in X[0]} for X, _ in parts]
    assert sum(map(len, seen)) == len(set.union(*seen))
    again, other = session(tmp_path).task, session(tmp_path, seed=1).task
    assert (again.test[0][0] == task.test[0][0]).all()
    assert (other.test[0][0] != task.test[0][0]).any()


def test_an_unfinished_run_is_not_lost_by_accident(tmp_path: Path) -> None:
    first = session(tmp_path)
    list(first.run(lambda trainer: trainer.epoch == 1))
    with pytest.raises(ArgumentError, match="an unfinished run, 1 epoch long; go on with --resume"):
        session(tmp_path)
    run(Session.start(first.settings, tmp_path, overwrite=True))
    with pytest.raises(ArgumentError, match="a finished run, 2 epochs long; make it longer"):
        session(tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"of another program")
    with pytest.raises(ArgumentError, match="a checkpoint that is none"):
        session(tmp_path)
    assert (tmp_path / CHECKPOINT).read_bytes() == b"of another program"


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"heads": 4, "lr": 1.0, "epochs": 3}, r"heads=4, but it began with 2\n  lr=1.0, but"),
        ({"data": "other.csv"}, "other.csv: cannot be read"),
    ],
)
def test_a_resumed_run_keeps_its_settings(
    wishes: dict[str, Any], message: str, finished: Path
) -> None:
    with pytest.raises(ArgumentError, match=message):
        Session.resume(finished, wishes)


def test_no_resuming_without_a_run_or_with_other_data(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="to go on from"):
        Session.resume(tmp_path, {})
    file = tmp_path / "data.csv"
    rows = [f"{i},{i * i % 7},{i % 2}" for i in range(30)]
    file.write_text("\n".join(["a,b,label", *rows]))
    run(session(tmp_path / "run", data=str(file)))
    file.write_text("\n".join(["a,b,label", *rows[::-1]]))
    with pytest.raises(ArgumentError, match="not the data that this run began with"):
        Session.resume(tmp_path / "run", {})


def test_a_new_run_leaves_nothing_of_the_one_before_to_resume(tmp_path: Path) -> None:
    run(session(tmp_path, epochs=1))
    Session.start(replace(session(tmp_path / "other").settings, seed=1), tmp_path, overwrite=True)
    with pytest.raises(ArgumentError, match="to go on from"):
        Session.resume(tmp_path, {})


def test_before_the_first_epoch_is_over_the_last_weights_predict(tmp_path: Path) -> None:
    stopped = session(tmp_path, warmup=0)
    list(stopped.run(lambda trainer: True))
    state = Predictor.load(tmp_path).model.state_dict()
    for name, array in stopped.model.state_dict().items():
        np.testing.assert_array_equal(state[name], array)
    assert (state["head.W"] != stopped.trainer.best["head.W"]).any()


def test_cosine_says_that_more_epochs_change_it(tmp_path: Path) -> None:
    run(session(tmp_path, epochs=1, schedule="cosine"))
    assert "cosine schedule now ends" in Session.resume(tmp_path, {"epochs": 2}).notes[0]


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name: str) -> None:
    rate = make_schedule(Settings(schedule=name, lr=1.0, epochs=20, warmup=4), steps=10)
    assert rate(0) == 0
    assert rate(2) == 0.5
    assert rate(4) == 1
    ends = {"constant": 1, "cosine": 0, "linear": 0, "step": 0.5}
    assert rate(200) == pytest.approx(ends[name])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": 3, "dim": 32}, "3 heads need a multiple of 3, for example 30 or 33"),
        ({"heads": 0}, "heads=0: a whole number, at least 1"),
        ({"test": 0.6, "validation": 0.5}, "leave nothing to train on"),
        ({"lr": -1.0, "epochs": 0}, r"(?s)epochs=0.*lr=-1.0"),
        ({"optimizer": "magic"}, "one of adamw, adam"),
        ({"text": "words"}, "digits' has no columns"),
        ({"data": "a.csv", "features": ("a", "b", "a")}, "features: a given more than once"),
    ],
)
def test_settings_are_checked_all_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Settings(**options)


# -- CSV files ------------------------------------------------------------------------------------


def csv_of(folder: Path, text: str) -> str:
    file = folder / "data.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


NUMBERS = "a,b,label\n" + "\n".join(f"{i},{-i},{i % 2}" for i in range(20))
TEXTS = "text,label\n" + "\n".join(f"word{i} here,{'ab'[i % 2]}" for i in range(20))

WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    (NUMBERS, {"label": "lable"}, ["no column 'lable'; did you mean 'label'?"]),
    (NUMBERS, {"features": ("a", "c")}, ["no column 'c'", "'a', 'b', 'label'"]),
    (NUMBERS, {"features": ("a", "label")}, ["'label' is the label"]),
    (NUMBERS, {"text": "text"}, ["no column 'text'"]),
    (NUMBERS, {"text": "label"}, ["'label' is the label"]),
    (NUMBERS, {"positive": "2"}, ["positive='2' is no label"]),
    (NUMBERS, {"delimiter": ";"}, ["is that the delimiter?"]),
    (TEXTS, {}, ["20 cells are wrong", "'word0 here' is not a number", "--text 'text'"]),
    (TEXTS, {"label": "text", "text": "label"}, ["20 of the 20 labels have fewer: 'word0 here' (1)"]),
    (TEXTS + "\n,a", {"text": "text"}, ["row 21 (line 22), column 'text': is empty"]),
    (TEXTS + "\nx,", {"text": "text"}, ["row 21 (line 22), column 'label': is empty"]),
    (TEXTS + "\nx,c", {"text": "text"}, ["1 of the 3 labels have fewer: 'c' (1)"]),
    ("text,label\nx,1\ny,1\n", {"text": "text"}, ["there is 1: '1' (2 times)"]),
    ("a,label\n1,0\n2,1\nnan,0\n", {}, ["'nan' is not a finite number"]),
    ("a,label\n1,0\n2,1\n3,0\n", {}, ["at least 3", "2 of the 2 labels have fewer: '0' (2), '1' (1)"]),
    ("label\n" + "0\n1\n" * 4, {}, ["no column beside the label"]),
]


@pytest.mark.parametrize(("content", "options", "parts"), WRONG)
def test_what_cannot_be_learnt_from_is_refused(
    content: str, options: dict[str, Any], parts: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ArgumentError) as caught:
        session(tmp_path, data=csv_of(tmp_path, content), **options)
    for part in parts:
        assert part in str(caught.value)
    assert not (tmp_path / METRICS).exists()


def test_scales_and_vocabulary_are_those_of_the_training_part(tmp_path: Path) -> None:
    task = session(tmp_path, data=csv_of(tmp_path, NUMBERS)).task
    (X,), _ = task.training
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(X.std(axis=0), 1, rtol=1e-12)
    assert abs(task.test[0][0][:, 0].mean()) > 1e-3
    task = session(tmp_path, data=csv_of(tmp_path, TEXTS), text="text").task
    (ids, mask), _ = task.training
    assert (ids[mask] != mg.data.Vocabulary.UNKNOWN).all()
    (ids, _), _ = task.test
    assert (ids[:, 0] == mg.data.Vocabulary.UNKNOWN).all()


def test_texts_that_are_cut_off_and_columns_that_are_constant_are_told(tmp_path: Path) -> None:
    long = session(tmp_path, data=csv_of(tmp_path, TEXTS), text="text", max_length=1)
    assert long.notes == ["20 texts of more than 1 words cut off there"]
    constant = "a,b,label\n" + "\n".join(f"{i},7,{i % 2}" for i in range(20))
    flat = session(tmp_path, data=csv_of(tmp_path, constant))
    assert flat.notes == ["constant in the training part, so ignored: b"]


def test_padding_changes_nothing(tmp_path: Path) -> None:
    texts = "text,label\n" + "\n".join(f"{'x ' * (1 + i % 4)}{i % 2},{i % 2}" for i in range(40))
    made = session(tmp_path, data=csv_of(tmp_path, texts), text="text")
    made.model.eval()
    ids, mask = made.task.encoder.encode(["x 1", "x x 0"])  # type: ignore[union-attr]
    longer = np.pad(ids, ((0, 0), (0, 0)))
    longer[~mask] = 3  # what stands under the mask must not matter
    with mg.no_grad():
        z, other = (made.model(mg.tensor(i), mg.tensor(mask)).numpy() for i in (ids, longer))
    assert (z == other).all()


# -- checkpoint files -----------------------------------------------------------------------------


def test_a_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    write_whole(file, b"old")

    for failure, error in [
        (OSError(28, "No space left on device"), ArgumentError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ]:

        def fails(*_: object, failure: BaseException = failure) -> None:
            raise failure

        monkeypatch.setattr("os.replace", fails)
        with pytest.raises(error):
            write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_every_bit_and_shape_comes_back(tmp_path: Path) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "scalar": np.array(3),
        "empty": np.empty((0, 2)),
        "turned": np.arange(6.0).reshape(2, 3).T,
        "truth": np.array([True, False]),
        "half": np.float32([0.1]),
    }
    facts = {"number": 0.1 + 0.2, "big": 2**127 + 1, "text": "gió"}
    save(tmp_path / "c", arrays, facts)
    loaded = load(tmp_path / "c")
    assert loaded.facts == facts
    assert loaded.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert loaded.arrays[name].dtype == array.dtype
        assert loaded.arrays[name].shape == array.shape
        assert (loaded.arrays[name] == array).all()


def tampered(folder: Path, source: Path, change: Any) -> Path:
    """A checkpoint with its arrays and metadata changed by hand."""
    with safe_open(source / CHECKPOINT, framework="numpy") as file:
        metadata = file.metadata()
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(arrays, metadata)
    save_file(arrays, folder / "damaged", metadata=metadata)
    return folder / "damaged"


def several(arrays: dict[str, NDArray[Any]], metadata: dict[str, str]) -> None:
    del arrays["best.head.W"], arrays["order"]
    arrays["stranger"] = np.zeros(2)
    arrays["best.norm.beta"] = np.zeros((2, 2))
    arrays["best.head.b"] = arrays["best.head.b"].astype(np.float32)


def changed(arrays: dict[str, NDArray[Any]], metadata: dict[str, str]) -> None:
    arrays["model.head.b"] = arrays["model.head.b"] + 1
    arrays["best.head.b"] = arrays["best.head.b"] + 1


def renamed(arrays: dict[str, NDArray[Any]], metadata: dict[str, str]) -> None:
    """The inventory is rewritten as well: only the model knows that the name is wrong."""
    arrays["best.foot.W"] = arrays.pop("best.head.W")
    metadata["arrays"] = metadata["arrays"].replace("best.head.W", "best.foot.W")


def set_to(key: str, value: str | None) -> Any:
    def change(arrays: dict[str, NDArray[Any]], metadata: dict[str, str]) -> None:
        if value is None:
            del metadata[key]
        else:
            metadata[key] = value

    return change


def facts_with(**changes: Any) -> Any:
    def change(arrays: dict[str, NDArray[Any]], metadata: dict[str, str]) -> None:
        metadata["facts"] = json.dumps(json.loads(metadata["facts"]) | changes)

    return change


DAMAGES = [
    (
        several,
        [
            "missing: best.head.W, float64 of shape (8, 1)",
            "missing: order, int64 of shape (0,)",
            "unexpected: stranger, float64 of shape (2,)",
            "mismatched: best.norm.beta is float64 of shape (2, 2), not float64 of shape (8,)",
            "mismatched: best.head.b is float32 of shape (1,), not float64 of shape (1,)",
        ],
    ),
    (changed, ["changed: best.head.b", "changed: model.head.b"]),
    (renamed, ["missing: head.W", "unexpected: foot.W"]),
    (set_to("format_version", "2"), ["format version 2, but this minigrad reads version 1"]),
    (set_to("format", None), ["no checkpoint of minigrad"]),
    (set_to("facts", "{"), ["metadata are damaged"]),
    (set_to("arrays", None), ["metadata are damaged (KeyError: 'arrays')"]),
    (facts_with(settings={}), ["metadata are damaged", "settings missing"]),
    (facts_with(encoder={"kind": "sounds"}), ["metadata are damaged", "sounds"]),
    (facts_with(target=["one"]), ["metadata are damaged"]),
]


@pytest.mark.parametrize(("change", "parts"), DAMAGES)
def test_a_damaged_checkpoint_lists_all_that_is_wrong(
    change: Any, parts: list[str], finished: Path, tmp_path: Path
) -> None:
    file = tampered(tmp_path, finished, change)
    with pytest.raises(ArgumentError) as caught:
        Predictor.load(file)
    for part in [str(file), *parts]:
        assert part in str(caught.value)


@pytest.mark.parametrize("cut", [0, 7, 100, -1])
def test_a_file_that_was_cut_short(cut: int, finished: Path, tmp_path: Path) -> None:
    file = tmp_path / "cut"
    file.write_bytes((finished / CHECKPOINT).read_bytes()[:cut])
    with pytest.raises(ArgumentError, match="not a whole safetensors file"):
        Predictor.load(file)


def test_files_of_other_kinds(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", a=np.zeros(3))
    (tmp_path / "bomb.pkl").write_bytes(b"cos\nsystem\n(S'touch " + bytes(tmp_path) + b"/x'\ntR.")
    save_file({"a": np.zeros(3)}, tmp_path / "plain.safetensors")
    for name, message in [
        ("weights.npz", "not a whole safetensors file"),
        ("bomb.pkl", "not a whole safetensors file"),
        ("plain.safetensors", "no checkpoint of minigrad"),
        ("absent", "cannot be read"),
        (".", "holds no checkpoint.safetensors; give the folder of `minigrad train`"),
    ]:
        with pytest.raises(MinigradError, match=message):
            Predictor.load(tmp_path / name)
    assert not (tmp_path / "x").exists()


# -- predictions ----------------------------------------------------------------------------------


def test_a_predictor_has_the_best_weights(finished: Path) -> None:
    predictor = Predictor.load(finished)
    made = Session.resume(finished, {})
    made.trainer.use_best()
    X, _ = made.task.test
    with mg.no_grad():
        z = made.model(mg.tensor(X[0])).numpy()
    np.testing.assert_array_equal(
        predictor.answers(*X)[:, 1], mg.special.expit(mg.tensor(z)).numpy()
    )


def test_attention_received_sums_to_1_for_every_head_and_layer(tmp_path: Path) -> None:
    texts = "text,label\n" + "\n".join(f"{'x ' * (1 + i % 4)}{i % 2},{i % 2}" for i in range(40))
    made = session(tmp_path, data=csv_of(tmp_path, texts), text="text", layers=2, epochs=1)
    run(made)
    predictor = Predictor.load(tmp_path)
    for look in ({}, {"head": 1}, {"layer": 0, "head": 0}):
        for said in predictor.texts(["x x 1", "zzz", ""], **look):
            assert sum(weight for _, weight in said.attended) == pytest.approx(1)
    assert predictor.texts(["x zzz"])[0].unknown == ("zzz",)
    by_head = [predictor.texts(["x x 1"], head=h)[0].attended for h in range(2)]
    mean = predictor.texts(["x x 1"])[0].attended
    for k, (word, weight) in enumerate(mean):
        assert word == by_head[0][k][0]
        assert weight == pytest.approx((by_head[0][k][1] + by_head[1][k][1]) / 2)
    for look, message in [({"head": 2}, "has 2 heads"), ({"layer": 2}, "the model has 2")]:
        with pytest.raises(ArgumentError, match=message):
            predictor.texts(["x"], **look)
    with pytest.raises(ArgumentError, match="no column 'text'"):
        predictor.table(mg.data.read_csv(csv_of(tmp_path, NUMBERS)))


def test_a_predictor_refuses_what_it_does_not_read(finished: Path, tmp_path: Path) -> None:
    predictor = Predictor.load(finished)
    with pytest.raises(ArgumentError, match="images of handwritten digits and reads no texts"):
        predictor.texts(["a"])
    with pytest.raises(ArgumentError, match="reads no table"):
        predictor.table(mg.data.read_csv(csv_of(tmp_path, NUMBERS)))
