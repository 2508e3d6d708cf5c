"""PyTorch as a peer of the benchmark: pytorch.py NUMBERS THREADS, or pytorch.py NUMBERS losses to record the losses of losses.json."""

import json
import math
import os
import sys
import time

numbers_file, mode = sys.argv[1:3]
threads = 1 if mode == "losses" else int(mode)
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import torch
from torch import nn
from torch.nn.functional import conv2d

torch.set_num_threads(threads)

# The inputs, as in inputs.ts.

numbers = np.fromfile(numbers_file, dtype=np.float32)
SECOND, THIRD = 333_333, 666_666
SIZES = [784, 256, 128, 10]


def take(count, offset=0, change=None):
    """Numbers of the stream from an offset on, changed in float64 and rounded once."""
    taken = np.take(numbers, np.arange(offset, offset + count), mode="wrap")
    return torch.from_numpy(taken if change is None else change(taken.astype(np.float64)).astype(np.float32))


def lesson(batch, optimizer="AdamW"):
    def make():
        images = take(1024 * SIZES[0]).reshape(1024, SIZES[0]).split(batch)
        labels = torch.from_numpy(np.floor(take(1024, THIRD).numpy().astype(np.float64) * 10).astype(np.int64)).split(batch)
        layers = [nn.Linear(a, b) for a, b in zip(SIZES, SIZES[1:])]
        model = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
        criterion = nn.CrossEntropyLoss()
        state = {}

        @torch.no_grad()
        def reset():
            for k, layer in enumerate(layers):
                within = lambda u: (2 * u - 1) / math.sqrt(layer.in_features)
                layer.weight.copy_(take(layer.weight.numel(), SECOND + k, within).reshape(layer.weight.shape))
                layer.bias.copy_(take(layer.bias.numel(), THIRD + k, within))
            decay = {"weight_decay": 0.01} if optimizer == "AdamW" else {}
            state["optimizer"] = getattr(torch.optim, optimizer)(model.parameters(), lr=3e-4, foreach=True, **decay)
            state["step"] = 0

        def run():
            k = state["step"] % len(images)
            state["step"] += 1
            state["optimizer"].zero_grad(set_to_none=True)
            loss = criterion(model(images[k]), labels[k])
            loss.backward()
            state["optimizer"].step()
            return loss

        return dict(run=run, reset=reset, most=200, steps=20, outputs=lambda: [torch.stack([run().detach() for _ in range(20)])])

    return make


def pure(make_inputs, f):
    """A workload whose run is a function of inputs that stay."""

    def make():
        inputs = make_inputs()
        return dict(run=lambda: f(*inputs), outputs=lambda: [f(*inputs)])

    return make


def matmul(n):
    return pure(lambda: [take(n * n).reshape(n, n), take(n * n, SECOND).reshape(n, n), torch.empty(n, n)], lambda a, b, out: torch.mm(a, b, out=out))


def elementwise(f):
    return pure(lambda: [take(10**6, 0, lambda u: u - 0.5), take(10**6, SECOND)], f)


def adamw(count):
    def make():
        p = nn.Parameter(take(count))
        p.grad = take(count, SECOND)
        state = {}

        @torch.no_grad()
        def reset():
            p.copy_(take(count))
            state["optimizer"] = torch.optim.AdamW([p], lr=3e-4, weight_decay=0.01, foreach=True)

        def outputs():
            for _ in range(10):
                state["optimizer"].step()
            return [p.detach()]

        return dict(run=lambda: state["optimizer"].step(), reset=reset, steps=10, outputs=outputs)

    return make


def conv():
    shape = (32, 64, 32, 32)
    x = take(math.prod(shape)).reshape(shape).requires_grad_()
    w = take(64 * 64 * 9, SECOND).reshape(64, 64, 3, 3).requires_grad_()
    g = take(math.prod(shape), THIRD).reshape(shape)

    def run():
        x.grad = w.grad = None
        conv2d(x, w, padding=1).backward(g)

    def outputs():
        run()
        return [x.grad, w.grad]

    return dict(run=run, outputs=outputs)


def chain(count):
    def make():
        a = take(count).requires_grad_()
        b = take(count, SECOND, lambda u: 0.9 + 0.1 * u)

        def run():
            a.grad = None
            t = a
            for _ in range(500):
                t = t * b
                t = t + b
            t.sum().backward()
            return t

        return dict(run=run, outputs=lambda: [run().detach(), a.grad])

    return make


def scalars():
    sizes = [3, 4, 4, 1]
    samples = [[2, 3, -1], [3, -1, 0.5], [0.5, 1, 1], [1, 1, -1]]
    targets = [1, -1, -1, 1]
    values = [torch.tensor(float(v), requires_grad=True) for v in take(41, 0, lambda u: 2 * u - 1)]

    def neuron(at, x):
        total = values[at + len(x)]
        for k, v in enumerate(x):
            total = total + values[at + k] * v
        return total.tanh()

    def run():
        for v in values:
            v.grad = None
        loss = 0.0
        for x, target in zip(samples, targets):
            at = 0
            for size in sizes[1:]:
                width = len(x) + 1
                x = [neuron(at + k * width, x) for k in range(size)]
                at += size * width
            loss = loss + (x[0] - target) ** 2
        loss.backward()
        return loss

    return dict(run=run, outputs=lambda: [run().detach(), torch.stack([v.grad for v in values])])


formula = elementwise(lambda a, b: torch.relu(torch.exp((a + b) * b)))
jobs = {
    **{f"lesson-{batch}": lesson(batch) for batch in (1, 32, 256)},
    **{f"matmul-{n}": matmul(n) for n in (64, 256, 512, 1024)},
    "add": elementwise(lambda a, b: a + b),
    "relu": elementwise(lambda a, b: torch.relu(a)),
    "exp": elementwise(lambda a, b: torch.exp(a)),
    "fused": formula,
    "unfused": formula,
    "adamw-1M": adamw(10**6),
    "adamw-10M": adamw(10**7),
    "conv": conv,
    "chain-16": chain(16),
    "chain-1": chain(1),
    "scalars": scalars,
}

# The answers, as in serve.ts.


def digest(output):
    values = output.numpy().reshape(-1).astype(np.float64)
    taken = min(len(values), 32)
    at = [0 if taken == 1 else k * (len(values) - 1) // (taken - 1) for k in range(taken)]
    return dict(count=len(values), sum=float(values.sum()), samples=[float(values[k]) for k in at])


def reset(job):
    if "reset" in job:
        job["reset"]()


def repeat(job, runs):
    run = job["run"]
    start = time.perf_counter()
    for _ in range(runs):
        run()
    return (time.perf_counter() - start) * 1000


def calibrate(job, milliseconds):
    most, runs = job.get("most", 10**7), 1
    while True:
        reset(job)
        taken = repeat(job, runs)
        if taken > milliseconds / 2 or runs == most:
            return max(1, min(most, round(runs * milliseconds / taken)))
        runs = min(most, runs * 2)


def timed(job, runs):
    reset(job)
    repeat(job, min(2, runs))
    before = time.process_time()
    ms = repeat(job, runs)
    return dict(runs=runs, ms=ms / runs, cpu=(time.process_time() - before) * 1000 / runs)


def check(job):
    reset(job)
    start = time.perf_counter()
    outputs = job["outputs"]()
    ms = (time.perf_counter() - start) * 1000 / job.get("steps", 1)
    return dict(ms=ms, outputs=[digest(output) for output in outputs])


def best(run, seconds=0.4):
    end, least = time.perf_counter() + seconds, math.inf
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        least = min(least, time.perf_counter() - start)
    return least


def roof():
    """The fastest product of matrices of 1024 x 1024, and a += s b over 4, 16 and 160 MB: in place, so that no cache line is read for nothing."""
    a, b, out = (torch.rand(1024, 1024) for _ in range(3))
    flops = 2 * 1024**3 / best(lambda: torch.mm(a, b, out=out))
    streams = []
    for touched in (4 * 10**6, 16 * 10**6, 160 * 10**6):
        x, y = (torch.rand(touched // 8) for _ in range(2))
        streams.append(dict(touched=touched, rate=1.5 * touched / best(lambda: x.add_(y, alpha=1e-3))))
    return dict(flops=flops, streams=streams)


def record():
    """PyTorch's first twenty losses with the lesson's optimizer, and with Adam for peers that have no AdamW."""

    def losses(batch, optimizer):
        job = lesson(batch, optimizer)()
        job["reset"]()
        return job["outputs"]()[0].tolist()

    return {o: {str(batch): losses(batch, o) for batch in (1, 32, 256)} for o in ("AdamW", "Adam")}


def blas():
    """The library that multiplies matrices. Debian's PyTorch takes the system's, which may be the reference one, ten times slower."""
    if torch.backends.mkl.is_available():
        return "MKL"
    with open("/proc/self/maps") as maps:
        loaded = maps.read().lower()
    return next((name for name in ("OpenBLAS", "BLIS", "ATLAS") if name.lower() in loaded), None)


def greeting():
    library = blas()
    if library is None:
        return dict(error="it has only the reference BLAS, ten times slower than it could be; install OpenBLAS (Debian: libopenblas0-pthread)")
    return dict(ready=f"PyTorch {torch.__version__}, {library}, Python {sys.version.split()[0]}")


def main():
    current, job, runs = None, None, 0
    print(json.dumps(greeting()), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        name = question["workload"]
        try:
            if question["ask"] == "roof":
                answer = roof()
            elif name not in jobs:
                answer = dict(missing="not written for this peer")
            else:
                if current != name:
                    job = None
                    current, job, runs = name, jobs[name](), 0
                if question["ask"] == "check":
                    answer = check(job)
                else:
                    runs = runs or calibrate(job, question["milliseconds"])
                    answer = timed(job, runs)
        except Exception as error:
            answer = dict(error=f"{type(error).__name__}: {error}")
        print(json.dumps(answer), flush=True)


if mode == "losses":
    print(json.dumps(record(), indent=2))
else:
    main()
