import { Generator, Parameter, randn, type Tensor, tensor } from "@gradtape/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accumulate } from "./accumulation.ts";
import { Adam } from "./rules/adam.ts";
import { GradScaler } from "./scaler.ts";

const f64 = { dtype: "float64" } as const;

describe("accumulate", () => {
  test("gradients and loss of the parts are those of the large batch, however it is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }), fc.nat(), (sizes, seed) => {
        const generator = new Generator(seed);
        const rows = sizes.reduce((a, b) => a + b, 0);
        const [x, w] = [randn([rows, 3], { ...f64, generator }), randn([3], { ...f64, generator })];
        const [whole, parts] = [new Parameter(w), new Parameter(w)];
        const loss = (weights: Parameter, batch: Tensor): Tensor => batch.mul(weights).tanh().sum(1).square().mean();
        const large = loss(whole, x);
        large.backward();
        const cut = sizes.map((size, k) =>
          x.narrow(
            0,
            sizes.slice(0, k).reduce((a, b) => a + b, 0),
            size,
          ),
        );
        const mean = accumulate(cut, (batch) => loss(parts, batch), { sizes });
        expect(mean).toBeCloseTo(large.item(), 12);
        const [got, want] = [parts, whole].map(({ grad }) => (grad as Tensor).toArray() as number[]);
        expect(got).toEqual(want.map((g) => expect.closeTo(g, 12)));
      }),
      { numRuns: 40 },
    );
  });

  test("training with it is training on large batches, written out or with a scaler", () => {
    const x = randn([12, 2], { ...f64, generator: new Generator(5) });
    const quarters = [0, 3, 6, 9].map((at) => x.narrow(0, at, 3));
    const train = (step: (loss: (batch: Tensor) => Tensor, scaler: GradScaler, optimizer: Adam) => void): number[] => {
      const w = new Parameter(tensor([0.5, -1], f64));
      const optimizer = new Adam([w], { lr: 0.1 });
      const scaler = new GradScaler();
      for (let k = 0; k < 10; k++) {
        optimizer.zeroGrad();
        step((batch) => batch.mul(w).sum(1).sub(1).square().mean(), scaler, optimizer);
      }
      return w.toArray() as number[];
    };
    const large = train((loss, _, optimizer) => {
      loss(x).backward();
      optimizer.step();
    });
    const ways = [
      train((loss, _, optimizer) => {
        accumulate(quarters, loss);
        optimizer.step();
      }),
      train((loss, _, optimizer) => {
        for (const part of quarters) loss(part).div(quarters.length).backward();
        optimizer.step();
      }),
      train((loss, scaler, optimizer) => {
        accumulate(quarters, loss, { backward: (value) => scaler.scale(value).backward() });
        scaler.step(optimizer);
        scaler.update();
      }),
    ];
    for (const way of ways) expect(way).toEqual(large.map((value) => expect.closeTo(value, 10)));
  });

  test("bad input", () => {
    const loss = (): Tensor => tensor(1, { requiresGrad: true });
    expect(() => accumulate([], loss)).toThrow("needs at least one part");
    expect(() => accumulate([1], loss, { sizes: [1, 2] })).toThrow("2 sizes for 1 parts");
    expect(() => accumulate([1], loss, { sizes: [0] })).toThrow("sizes must be a list of sizes above 0");
    expect(() => accumulate([1], loss, { size: [1] } as never)).toThrow('did you mean "sizes"?');
  });
});
