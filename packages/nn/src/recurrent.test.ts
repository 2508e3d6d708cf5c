import { Generator, gradcheck, gradgradcheck, noGrad, randn, type Tensor, zeros } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import * as nn from "./index.ts";

const generator = new Generator(5);
const draw = (...shape: number[]): Tensor => randn(shape, { generator });
const near = (a: Tensor, b: Tensor, digits = 6): void => expect(a.sub(b).abs().amax().item()).toBeLessThan(10 ** -digits);

const kinds = {
  RNN: (options: nn.LSTMOptions): nn.RNN => new nn.RNN(3, 4, options),
  GRU: (options: nn.LSTMOptions): nn.GRU => new nn.GRU(3, 4, options),
  LSTM: (options: nn.LSTMOptions): nn.LSTM => new nn.LSTM(3, 4, options),
};
const cells = { RNN: nn.RNNCell, GRU: nn.GRUCell, LSTM: nn.LSTMCell };
const names = Object.keys(kinds) as (keyof typeof kinds)[];
const listed = (state: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(state) ? state : [state as Tensor]);

describe.each(names)("%s", (name) => {
  const make = (options: nn.LSTMOptions = {}): nn.RNN | nn.GRU | nn.LSTM => kinds[name]({ generator, ...options });
  const run = (module: nn.Module, x: Tensor, state?: unknown): [Tensor, Tensor | Tensor[]] => module.forward(x, state);

  test("shapes, keys and initial range", () => {
    const module = make({ numLayers: 2, bidirectional: true });
    const [output, state] = run(module, draw(5, 2, 3));
    expect(output.shape).toEqual([5, 2, 8]);
    for (const part of listed(state)) expect(part.shape).toEqual([4, 2, 4]);
    const places = ["l0", "l0_reverse", "l1", "l1_reverse"];
    const keys = places.flatMap((place) => ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map((key) => `${key}_${place}`));
    expect(Object.keys(module.stateDict())).toEqual(keys);
    const gates = { RNN: 1, GRU: 3, LSTM: 4 }[name];
    expect([module.weightIhL0.shape, module.weightIhL1.shape, module.biasHhL1Reverse.shape]).toEqual([[4 * gates, 3], [4 * gates, 8], [4 * gates]]);
    for (const parameter of module.parameters()) expect(parameter.abs().amax().item()).toBeLessThanOrEqual(0.5);
    const wide = kinds[name]({ generator, bias: false });
    expect(Object.keys(wide.stateDict())).toEqual(["weight_ih_l0", "weight_hh_l0"]);
    expect(`${make({ numLayers: 2, batchFirst: true })}`).toBe(`${name}(3, 4, numLayers=2, batchFirst=true)`);
  });

  test("a sequence in two halves, the state handed on, is the whole sequence; batch first and without batch are the same numbers", () => {
    const module = make({ numLayers: 2 });
    const x = draw(6, 2, 3);
    const [whole, last] = run(module, x);
    const [first, between] = run(module, x.narrow(0, 0, 2));
    const [second, end] = run(module, x.narrow(0, 2, 4), between);
    near(whole.narrow(0, 0, 2), first);
    near(whole.narrow(0, 2, 4), second);
    for (const [k, part] of listed(end).entries()) near(part, listed(last)[k]);
    const turned = make({ numLayers: 2, batchFirst: true });
    turned.loadStateDict(module.stateDict());
    near(run(turned, x.transpose(0, 1))[0].transpose(0, 1), whole);
    const [alone, state] = run(module, x.select(1, 1));
    near(alone, whole.select(1, 1));
    for (const [k, part] of listed(state).entries()) near(part, listed(last)[k].select(1, 1));
  });

  test("one layer is its cell, step by step; backwards it reads the sequence from its end", () => {
    const module = make({ bidirectional: true });
    const forwards = new cells[name](3, 4);
    const backwards = new cells[name](3, 4);
    const load = (cell: nn.Module, place: string): void => {
      const state = Object.entries(module.stateDict()).filter(([key]) => key.endsWith(place));
      cell.loadStateDict(Object.fromEntries(state.map(([key, value]) => [key.slice(0, -place.length), value])));
    };
    load(forwards, "_l0");
    load(backwards, "_l0_reverse");
    const x = draw(3, 2, 3);
    const [output] = run(module, x);
    const steps = (cell: nn.Module, order: readonly number[]): Tensor => {
      let state: Tensor | readonly Tensor[] | undefined;
      for (const t of order) state = cell.forward(x.select(0, t), state) as Tensor | readonly Tensor[];
      return listed(state as Tensor)[0];
    };
    near(output.select(0, 2).narrow(-1, 0, 4), steps(forwards, [0, 1, 2]));
    near(output.select(0, 0).narrow(-1, 4, 4), steps(backwards, [2, 1, 0]));
  });

  test("gradients are right to second order", () => {
    const module = make({ numLayers: 2, bidirectional: true }).to("float64");
    const outputs = (x: Tensor, weight: Tensor): Tensor[] => {
      const [output, state] = nn.functionalCall(module, { weightHhL0: weight }, x) as [Tensor, Tensor | Tensor[]];
      return [output, ...listed(state)];
    };
    const inputs = [draw(3, 2, 3).to("float64"), noGrad(() => module.weightHhL0.clone())];
    gradcheck(outputs, inputs);
    gradgradcheck((x, weight) => outputs(x.narrow(0, 0, 2), weight)[0], inputs);
  });

  test("dropout acts between layers, in training only", () => {
    const module = make({ numLayers: 2, dropout: 0.5 });
    const x = draw(4, 2, 3);
    expect(run(module, x)[0].toArray()).not.toEqual(run(module, x)[0].toArray());
    module.eval();
    expect(run(module, x)[0].toArray()).toEqual(run(module, x)[0].toArray());
    const single = make({ dropout: 0.5 });
    expect(run(single, x)[0].toArray()).toEqual(run(single, x)[0].toArray());
  });

  test("bad input is refused by name", () => {
    const module = make({ numLayers: 2 });
    expect(() => run(module, draw(5, 2, 4))).toThrow(`${name}: needs an input [time,batch,3] or [time,3], got [5,2,4]`);
    expect(() => run(module, zeros([0, 2, 3]))).toThrow(`${name}: the sequence of shape [0,2,3] has no steps`);
    const state = name === "LSTM" ? [zeros([1, 2, 4]), zeros([2, 2, 4])] : zeros([1, 2, 4]);
    expect(() => run(module, draw(5, 2, 3), state)).toThrow(`${name}: h0 has shape [1,2,4]; for this input it must be [2,2,4]`);
    expect(() => make({ numlayers: 2 } as object)).toThrow(`${name}: unknown option numlayers; did you mean numLayers?`);
    expect(() => make({ dropout: 2 })).toThrow(`${name}: dropout is a probability from 0 to 1, got 2`);
  });
});

test("an LSTM projects its hidden state", () => {
  const module = new nn.LSTM(3, 5, { projSize: 2, bidirectional: true, generator });
  const [output, [h, c]] = module.forward(draw(4, 2, 3));
  expect([output.shape, h.shape, c.shape]).toEqual([
    [4, 2, 4],
    [2, 2, 2],
    [2, 2, 5],
  ]);
  expect(module.weightHrL0.shape).toEqual([2, 5]);
  expect(() => new nn.LSTM(3, 2, { projSize: 2 })).toThrow("LSTM: projSize is an integer from 0 to below hiddenSize 2, got 2");
  expect(() => module.forward(draw(4, 2, 3), [zeros([2, 2, 2]), zeros([2, 2, 2])])).toThrow(
    "LSTM: c0 has shape [2,2,2]; for this input it must be [2,2,5]",
  );
});

test("cells take states that fit, and may lack the batch dimension", () => {
  const cell = new nn.LSTMCell(3, 4, { generator });
  const [h, c] = cell.forward(draw(3));
  expect([h.shape, c.shape]).toEqual([[4], [4]]);
  expect(Object.keys(cell.stateDict())).toEqual(["weight_ih", "weight_hh", "bias_ih", "bias_hh"]);
  expect(() => cell.forward(draw(2, 3), [h, c])).toThrow("LSTMCell: a state of shape [4] does not fit the input [2,3]; it must be [2,4]");
  expect(() => cell.forward(draw(2, 4))).toThrow("LSTMCell: needs an input [batch,3] or [3], got [2,4]");
  expect(`${new nn.GRUCell(3, 4, { bias: false })}`).toBe("GRUCell(3, 4, bias=false)");
  const relu = new nn.RNNCell(3, 4, { nonlinearity: "relu", generator });
  expect(relu.forward(draw(2, 3)).amin().item()).toBeGreaterThanOrEqual(0);
  expect(() => new nn.RNNCell(3, 4, { nonlinearity: "gelu" as "relu" })).toThrow('RNNCell: unknown nonlinearity "gelu"; use "tanh" or "relu"');
});
