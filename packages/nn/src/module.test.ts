import { Generator, ones, randn, type Tensor, tensor } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import * as nn from "./index.ts";

const generator = new Generator(13);
const make = (): nn.Sequential => new nn.Sequential(new nn.Linear(2, 3, { generator }), new nn.ReLU(), new nn.Linear(3, 1, { generator }));

describe("forward hooks", () => {
  test("see, and may replace, inputs and outputs; the returned function removes them", () => {
    const model = make();
    const layer = model.at(0) as nn.Linear;
    const seen: string[] = [];
    const removers = [
      layer.registerForwardPreHook((module, inputs) => void seen.push(`${module === layer} ${inputs.length}`)),
      layer.registerForwardPreHook((_, [x]) => [(x as Tensor).mul(0)]),
      layer.registerForwardHook((_, [x], y) => {
        seen.push(`${(x as Tensor).toArray()}`);
        return (y as Tensor).add(1);
      }),
    ];
    const x = ones([1, 2]);
    const hooked = model.forward(x);
    expect(seen).toEqual(["true 1", "0,0"]);
    expect(hooked.toArray()).toEqual((model.at(2) as nn.Linear).forward((layer.bias as Tensor).add(1).relu().reshape([1, 3])).toArray());
    for (const remove of removers) remove();
    expect(model.forward(x).toArray()).not.toEqual(hooked.toArray());
    expect(seen).toHaveLength(2);
  });

  test("a replacement for inputs is an array", () => {
    const model = make();
    model.registerForwardPreHook(() => 3);
    expect(() => model.forward(ones([1, 2]))).toThrow("registerForwardPreHook: a hook of Sequential returned no array");
  });
});

test("frozen parameters get no gradient until they are thawed", () => {
  const model = make();
  model.at(0)?.requiresGrad(false);
  const x = randn([4, 2], { generator });
  model.forward(x).sum().backward();
  expect(model.namedParameters().map(([name, { grad }]) => [name, grad !== null])).toEqual([
    ["0.weight", false],
    ["0.bias", false],
    ["2.weight", true],
    ["2.bias", true],
  ]);
  model.requiresGrad();
  model.forward(x).sum().backward();
  expect(model.parameters().every(({ grad }) => grad !== null)).toBe(true);
  model.requiresGrad(false);
  expect(model.forward(x).requiresGrad).toBe(false);
});

test("a call with other tensors in place of parameters leaves those as they are", () => {
  const layer = new nn.Linear(2, 1, { generator });
  const weight = tensor([[1, 2]], { requiresGrad: true });
  const before = layer.weight.toArray();
  nn.functionalCall(layer, { weight }, ones([1, 2]))
    .sum()
    .backward();
  expect([weight.grad?.toArray(), layer.weight.grad, layer.weight.toArray()]).toEqual([[[1, 1]], null, before]);
  expect(() => nn.functionalCall(layer, { wieght: weight }, ones([1, 2]))).toThrow("functionalCall: Linear has no wieght (did you mean weight?)");
});

test("a list of parameters", () => {
  const list = new nn.ParameterList([tensor([1, 2])]).append(new nn.Linear(1, 1).weight);
  expect(Object.keys(list.stateDict())).toEqual(["0", "1"]);
  expect([list.length, list.at(-1)?.shape, [...list].length]).toEqual([2, [1, 1], 2]);
  expect(`${list}`).toBe("ParameterList(float32 [2], float32 [1,1])");
  expect(() => list.forward()).toThrow("ParameterList: a list has no forward");
});
