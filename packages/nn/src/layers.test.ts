import { Generator, ones, randn, type Tensor, tensor, zeros } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import * as nn from "./index.ts";

const generator = new Generator(3);
const draw = (...shape: number[]): Tensor => randn(shape, { generator });

describe("layers", () => {
  test("a convolution fills borders by its mode and prints its options", () => {
    const layer = new nn.Conv2d(2, 4, [3, 2], { padding: [1, 2], paddingMode: "circular", stride: 2, bias: false, generator });
    const x = draw(1, 2, 5, 5);
    expect(layer.forward(x).toArray()).toEqual(
      x
        .pad({ padding: [2, 2, 1, 1], mode: "circular" })
        .conv2d(layer.weight, null, { stride: 2 })
        .toArray(),
    );
    expect(`${layer}`).toBe('Conv2d(2, 4, kernelSize=[3,2], padding=[1,2], paddingMode="circular", stride=2, bias=false)');
    const same = new nn.Conv1d(1, 1, 4, { padding: "same", paddingMode: "replicate", generator });
    expect(same.forward(draw(1, 1, 6)).shape).toEqual([1, 1, 6]);
    expect(Object.keys(new nn.ConvTranspose2d(2, 4, 3, { groups: 2 }).stateDict())).toEqual(["weight", "bias"]);
  });

  test("initial values are PyTorch's: uniform within 1/√(inputs of one output)", () => {
    const { weight, bias } = new nn.Conv2d(8, 16, 3, { generator });
    for (const values of [weight, bias as Tensor]) expect(values.abs().amax().item()).toBeLessThanOrEqual(1 / Math.sqrt(72));
    expect(weight.square().mean().item()).toBeCloseTo(1 / 72 / 3, 3);
  });

  test("batch normalization keeps statistics in training and uses them in evaluation", () => {
    const layer = new nn.BatchNorm2d(3);
    const x = draw(4, 3, 2, 2).mul(2).add(1);
    layer.forward(x);
    expect(layer.numBatchesTracked?.item()).toBe(1);
    expect(Object.keys(layer.stateDict())).toEqual(["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]);
    const seen = layer.eval().forward(x);
    expect(layer.numBatchesTracked?.item()).toBe(1);
    expect(seen.toArray()).not.toEqual(layer.train().forward(x).toArray());
    expect(() => layer.forward(zeros([4, 2, 2, 2]))).toThrow("BatchNorm2d: takes 4 dimensions with 3 channels in the second, got [4,2,2,2]");
  });

  test("dropout and embedding", () => {
    const x = ones([100]);
    const dropout = new nn.Dropout(0.5, { generator });
    expect(dropout.forward(x).eq(0).sum().item()).toBeGreaterThan(20);
    expect(dropout.eval().forward(x)).toBe(x);
    const table = new nn.Embedding(4, 2, { paddingIdx: -1, generator });
    expect(
      table
        .forward(tensor([3, 0], { dtype: "int32" }))
        .select(0, 0)
        .toArray(),
    ).toEqual([0, 0]);
    expect(() => new nn.Dropout(2)).toThrow("Dropout: p is a probability from 0 to 1, got 2");
    expect(() => new nn.Embedding(4, 2, { paddingIdx: 4 })).toThrow("Embedding: paddingIdx 4 is out of range for 4 rows");
  });

  test("gradients reach every parameter of a convolutional network", () => {
    const model = new nn.Sequential(
      new nn.Conv2d(1, 4, 3, { padding: 1, generator }),
      new nn.BatchNorm2d(4),
      new nn.GELU({ approximate: "tanh" }),
      new nn.MaxPool2d(2),
      new nn.AdaptiveAvgPool2d([2, null]),
      new nn.Flatten(),
      new nn.Linear(4 * 2 * 3, 5, { generator }),
      new nn.LogSoftmax({ dim: 1 }),
    );
    const y = model.forward(draw(2, 1, 6, 6));
    expect(y.shape).toEqual([2, 5]);
    y.select(1, 0).sum().backward();
    for (const [, parameter] of model.namedParameters()) expect(parameter.grad?.shape).toEqual(parameter.shape);
  });
});

test("unknown options are refused by name when a layer is made", () => {
  const given = { biass: false } as object;
  expect(() => new nn.Linear(2, 3, given)).toThrow("Linear: unknown option biass; did you mean bias?");
  expect(() => new nn.Conv2d(1, 2, 3, { outputPadding: 1 } as object)).toThrow("Conv2d: unknown option outputPadding");
  expect(() => new nn.BatchNorm2d(3, { epsilon: 1 } as object)).toThrow("BatchNorm2d: unknown option epsilon");
  for (const make of [
    () => new nn.ConvTranspose1d(1, 2, 3, given),
    () => new nn.Bilinear(1, 2, 3, given),
    () => new nn.Embedding(2, 3, given),
    () => new nn.LayerNorm(3, given),
    () => new nn.RMSNorm(3, given),
    () => new nn.GroupNorm(1, 2, given),
    () => new nn.Dropout(0.5, given),
    () => new nn.PReLU(given),
    () => new nn.Flatten(given),
  ])
    expect(make).toThrow(/^\w+: unknown option biass/);
});

describe("lists of modules", () => {
  test("their parts are found by key", () => {
    const list = new nn.ModuleList<nn.Module>([new nn.Linear(2, 2)]).append(new nn.PReLU({ numParameters: 2 }));
    expect(Object.keys(list.stateDict())).toEqual(["0.weight", "0.bias", "1.weight"]);
    expect([list.length, [...list].length, list.at(-1) instanceof nn.PReLU]).toEqual([2, 2, true]);
    const record = new nn.ModuleDict({ left: new nn.Identity() as nn.Module, right: new nn.Linear(1, 1) });
    expect(record.namedChildren().map(([name]) => name)).toEqual(["left", "right"]);
    expect(() => record.set("train", new nn.Identity())).toThrow('ModuleDict: "train" is a name that every module has');
    expect(() => list.forward()).toThrow("ModuleList: a list has no forward");
  });
});

test("losses as modules hold their weights as buffers and give what the ops give", () => {
  const [x, target] = [draw(4), ones([4])];
  const loss = new nn.BCEWithLogitsLoss({ posWeight: tensor([2, 1, 1, 1]), reduction: "sum" });
  expect(Object.keys(loss.stateDict())).toEqual(["pos_weight"]);
  expect(loss.forward(x, target).item()).toBe(x.binaryCrossEntropyWithLogits(target, { posWeight: tensor([2, 1, 1, 1]), reduction: "sum" }).item());
  expect(new nn.HuberLoss({ delta: 0.5 }).forward(x, target).item()).toBe(x.huberLoss(target, { delta: 0.5 }).item());
  expect(new nn.TripletMarginLoss().forward(draw(2, 3), draw(2, 3), draw(2, 3)).shape).toEqual([]);
  expect(`${new nn.L1Loss({ reduction: "none" })}`).toBe('L1Loss(reduction="none")');
  const logits = draw(2, 3);
  const classes = tensor([0, 2], { dtype: "int32" });
  const negative = new nn.NLLLoss().forward(logits.logSoftmax(1), classes).item();
  expect(negative).toBeCloseTo(new nn.CrossEntropyLoss().forward(logits, classes).item(), 6);
});
