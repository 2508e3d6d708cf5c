import { Generator, Parameter, randn, stack, type Tensor, tensor, Variable, zeros } from "@gradtape/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AveragedModel } from "./averaging.ts";
import { updateBn } from "./normalization.ts";
import { SGD } from "./rules/sgd.ts";

const f64 = { dtype: "float64" } as const;

/** A model of one weight and one batch normalisation, with the interface of modules. */
class Model {
  training = true;
  momentum: number | null = 0.1;
  readonly weight = new Parameter(tensor([1, 2], f64));
  readonly runningMean = new Variable(zeros([2], f64));
  readonly runningVar = new Variable(tensor([1, 1], f64));
  readonly numBatchesTracked = new Variable(tensor(0, { dtype: "int32" }));

  forward(x: Tensor): Tensor {
    const y = x.mul(this.weight);
    if (this.training) {
      this.numBatchesTracked.assign(this.numBatchesTracked.add(1));
      const rate = this.momentum ?? 1 / this.numBatchesTracked.item();
      this.runningMean.assign(this.runningMean.mul(1 - rate).add(y.mean(0).mul(rate)));
    }
    return y.sub(this.runningMean);
  }
  modules(): object[] {
    return [this];
  }
  train(mode = true): this {
    this.training = mode;
    return this;
  }
  namedParameters(): [string, Parameter][] {
    return [["weight", this.weight]];
  }
  namedBuffers(): [string, Variable][] {
    return Object.entries({ runningMean: this.runningMean, runningVar: this.runningVar, numBatchesTracked: this.numBatchesTracked });
  }
  stateDict(): Record<string, Tensor> {
    return Object.fromEntries([...this.namedParameters(), ...this.namedBuffers()].map(([name, variable]) => [name, variable.detach().clone()]));
  }
  loadStateDict(state: Readonly<Record<string, Tensor>>): void {
    for (const [name, variable] of [...this.namedParameters(), ...this.namedBuffers()]) {
      if (state[name] === undefined) throw new Error(`misses ${name}`);
      variable.assign(state[name]);
    }
  }
}

const values = (state: Readonly<Record<string, Tensor>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(state).map(([name, value]) => [name, value.toArray()]));

describe("AveragedModel", () => {
  test("swa is the mean of all models, ema the decayed mean that starts from the first", () => {
    const weights = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (list, decay) => {
        const model = new Model();
        const [mean, decayed] = [new AveragedModel(model), new AveragedModel(model, { average: "ema", decay })];
        let want = 0;
        list.forEach((weight, k) => {
          model.weight.assign(tensor([weight, -weight], f64));
          mean.updateParameters();
          decayed.updateParameters(model);
          want = k === 0 ? weight : decay * want + (1 - decay) * weight;
        });
        const sum = list.reduce((a, b) => a + b, 0) / list.length;
        expect(mean.stateDict().weight.toArray()).toEqual([expect.closeTo(sum, 12), expect.closeTo(-sum, 12)]);
        expect(decayed.stateDict().weight.toArray()).toEqual([expect.closeTo(want, 12), expect.closeTo(-want, 12)]);
        expect([mean.nAveraged, decayed.nAveraged]).toEqual([list.length, list.length]);
      }),
    );
  });

  test("the model's own weights train on, the averages compute", () => {
    const model = new Model().train(false);
    const optimizer = new SGD(model.namedParameters(), { lr: 1 });
    const averaged = new AveragedModel(model);
    for (let k = 0; k < 3; k++) {
      model.weight.grad = tensor([1, 1], f64);
      optimizer.step();
      averaged.updateParameters();
    }
    expect(model.weight.toArray()).toEqual([-2, -1]);
    const y = averaged.forward(tensor([[1, 1]], f64));
    expect(y.toArray()).toEqual([[-1, 0]]);
    expect(y.requiresGrad).toBe(false);
    expect(model.weight.toArray()).toEqual([-2, -1]);
  });

  test("buffers are copied, or averaged with useBuffers; integers are always copied", () => {
    const model = new Model();
    const [copying, averaging] = [new AveragedModel(model), new AveragedModel(model, { useBuffers: true })];
    for (const value of [1, 3]) {
      model.runningMean.assign(tensor([value, value], f64));
      model.numBatchesTracked.assign(tensor(value, { dtype: "int32" }));
      for (const averaged of [copying, averaging]) averaged.updateParameters();
    }
    expect(values(copying.stateDict())).toMatchObject({ runningMean: [3, 3], numBatchesTracked: 3, n_averaged: 2 });
    expect(values(averaging.stateDict())).toMatchObject({ runningMean: [2, 2], numBatchesTracked: 3, n_averaged: 2 });
  });

  test("a function may average", () => {
    const model = new Model();
    const averaged = new AveragedModel(model, { average: (average, value, n) => stack([average, value]).amax(0).add(n) });
    averaged.updateParameters();
    model.weight.assign(tensor([0, 5], f64));
    averaged.updateParameters();
    expect(averaged.stateDict().weight.toArray()).toEqual([2, 6]);
  });

  test("resumes exactly, and refuses a state that does not fit", () => {
    const make = (): { model: Model; averaged: AveragedModel<Model> } => {
      const model = new Model();
      return { model, averaged: new AveragedModel(model, { decay: 0.7, useBuffers: true }) };
    };
    const [straight, resumed] = [make(), make()];
    for (let k = 0; k < 6; k++) {
      for (const { model, averaged } of [straight, resumed]) {
        model.weight.assign(tensor([k, k * k], f64));
        averaged.updateParameters();
      }
      if (k === 2) {
        resumed.averaged = new AveragedModel(resumed.model, { decay: 0.7, useBuffers: true });
        resumed.averaged.loadStateDict(straight.averaged.stateDict());
      }
      expect(values(resumed.averaged.stateDict())).toEqual(values(straight.averaged.stateDict()));
    }
    const before = values(straight.averaged.stateDict());
    expect(() => straight.averaged.loadStateDict(straight.model.stateDict())).toThrow("has no n_averaged");
    expect(() => straight.averaged.loadStateDict({ n_averaged: tensor(1) })).toThrow("misses weight");
    expect(values(straight.averaged.stateDict())).toEqual(before);
    expect(straight.model.weight.toArray()).toEqual([5, 25]);
  });

  test("use gives the weights back after an error, and after a promise", async () => {
    const model = new Model();
    const averaged = new AveragedModel(model);
    model.weight.assign(tensor([9, 9], f64));
    expect(() =>
      averaged.use(() => {
        expect(model.weight.toArray()).toEqual([1, 2]);
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(model.weight.toArray()).toEqual([9, 9]);
    const seen = averaged.use(async () => {
      await Promise.resolve();
      return model.weight.toArray();
    });
    expect(await seen).toEqual([1, 2]);
    expect(model.weight.toArray()).toEqual([9, 9]);
  });

  test("bad input", () => {
    const model = new Model();
    expect(() => new AveragedModel(model, { decay: 2 })).toThrow("AveragedModel: decay must be between 0 and 1, or null, got 2");
    expect(() => new AveragedModel(model, { average: "swa", decay: 0.9 })).toThrow('decay belongs to { average: "ema" }');
    expect(() => new AveragedModel(model, { usebuffers: true } as never)).toThrow('did you mean "useBuffers"?');
    const averaged = new AveragedModel(model);
    const other = new Model();
    const renamed = Object.assign(Object.create(other), { namedParameters: () => [["bias", other.weight]] });
    expect(() => averaged.updateParameters(renamed)).toThrow("has a parameter bias that the averaged one lacks");
    const wide = Object.assign(Object.create(other), { namedParameters: () => [["weight", new Parameter(zeros([3], f64))]] });
    expect(() => averaged.updateParameters(wide)).toThrow("weight has shape [3], its average [2]");
    const less = Object.assign(Object.create(other), { namedBuffers: () => [] });
    expect(() => averaged.updateParameters(less)).toThrow("the model has 1 parameters and buffers, the averaged one 4");
    expect(averaged.nAveraged).toBe(0);
  });
});

describe("updateBn", () => {
  const generator = new Generator(3);
  const batches = [4, 2, 3].map((size) => randn([size, 2], { ...f64, generator }));
  const means = (weight: readonly number[]): number[] =>
    weight.map((w, d) => batches.reduce((sum, batch) => sum + w * (batch.mean(0).toArray() as number[])[d], 0) / batches.length);

  test("statistics become the plain average over the batches; momentum and mode stay", async () => {
    const model = new Model().train(false);
    model.runningMean.assign(tensor([Number.NaN, 7], f64));
    await updateBn(batches, model);
    const want = means([1, 2]);
    expect(model.runningMean.toArray()).toEqual(want.map((x) => expect.closeTo(x, 12)));
    expect([model.momentum, model.training, model.numBatchesTracked.item()]).toEqual([0.1, false, 3]);
    await updateBn(
      (async function* () {
        for (const batch of batches) yield [batch, "label"] as const;
      })(),
      model,
    );
    expect(model.runningMean.toArray()).toEqual(want.map((x) => expect.closeTo(x, 12)));
  });

  test("of an averaged model the averages' statistics are written, not the model's", async () => {
    const model = new Model();
    const averaged = new AveragedModel(model);
    averaged.updateParameters();
    model.weight.assign(tensor([50, 50], f64));
    await updateBn(batches, averaged);
    expect(averaged.stateDict().runningMean.toArray()).toEqual(means([1, 2]).map((x) => expect.closeTo(x, 12)));
    expect(values(model.stateDict())).toMatchObject({ weight: [50, 50], runningMean: [0, 0] });
  });

  test("a bad batch leaves momentum and mode as they were; a model without batch norm is left alone", async () => {
    const model = new Model();
    await expect(updateBn([["no tensor"] as never], model)).rejects.toThrow("updateBn: a batch is a tensor, or a list whose first item");
    expect([model.momentum, model.training]).toEqual([0.1, true]);
    const plain = { training: true, forward: () => expect.unreachable(), modules: () => [{}], train: () => expect.unreachable() };
    await updateBn(batches, plain);
  });
});
