import { Generator, tensor } from "@gradtape/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Dataset, TensorDataset } from "./dataset.ts";
import { DataLoader, type DataLoaderOptions } from "./loader.ts";
import { RandomSampler, SequentialSampler, WeightedRandomSampler } from "./sampler.ts";

const range = (length: number) =>
  new TensorDataset(
    tensor(
      Float32Array.from({ length }, (_, k) => k),
      { shape: [length] },
    ),
  );
const epoch = (loader: Iterable<readonly { data(): ArrayLike<number> }[]>) => Array.from(loader, ([x]) => Array.from(x.data()));

describe("DataLoader", () => {
  it("goes in order, with and without the last batch", () => {
    const loader = new DataLoader(range(5), { batchSize: 2 });
    expect([loader.length, epoch(loader)]).toEqual([3, [[0, 1], [2, 3], [4]]]);
    const full = new DataLoader(range(5), { batchSize: 2, dropLast: true });
    expect([full.length, epoch(full), epoch(full)]).toEqual([
      2,
      [
        [0, 1],
        [2, 3],
      ],
      [
        [0, 1],
        [2, 3],
      ],
    ]);
    expect(epoch(new DataLoader(range(0)))).toEqual([]);
  });

  it("shuffles every epoch anew, the same for the same seed", () => {
    const [a, b] = [7, 7].map((seed) => new DataLoader(range(40), { batchSize: 40, shuffle: true, seed }));
    const first = epoch(a)[0];
    expect(epoch(b)[0]).toEqual(first);
    expect([...first].sort((x, y) => x - y)).toEqual(Array.from({ length: 40 }, (_, k) => k));
    const second = epoch(a)[0];
    expect(second).not.toEqual(first);
    expect(epoch(b)[0]).toEqual(second);
    const drawn = [1, 1, 2].map((seed) => epoch(new DataLoader(range(40), { batchSize: 40, shuffle: true, generator: new Generator(seed) }))[0]);
    expect(drawn[0]).toEqual(drawn[1]);
    expect(drawn[0]).not.toEqual(drawn[2]);
  });

  it("iterates asynchronously over the same batches", async () => {
    const batches: number[][] = [];
    for await (const [x] of new DataLoader(range(9), { batchSize: 4, shuffle: true })) batches.push(Array.from(x.data()));
    expect(batches).toEqual(epoch(new DataLoader(range(9), { batchSize: 4, shuffle: true })));
  });

  it("resumes in the middle of an epoch exactly", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 40 }),
        (length, batchSize, dropLast, stop) => {
          const make = (seed: number) => new DataLoader(range(length), { batchSize, dropLast, shuffle: true, seed });
          const whole = make(5);
          const expected = [0, 1, 2].flatMap(() => epoch(whole));
          const saved = make(5);
          const seen: number[][] = [];
          let state = saved.stateDict();
          search: for (let e = 0; e < 3; e++)
            for (const [x] of saved) {
              if (seen.length === stop) break search;
              seen.push(Array.from(x.data()));
              state = JSON.parse(JSON.stringify(saved.stateDict()));
            }
          const resumed = make(99);
          resumed.loadStateDict(state);
          while (resumed.epoch < 3) seen.push(...epoch(resumed));
          expect(seen).toEqual(expected);
        },
      ),
    );
  });

  it("starts the next epoch after a break", () => {
    const loader = new DataLoader(range(8), { batchSize: 2, shuffle: true });
    for (const _ of loader) break;
    expect(loader.stateDict()).toMatchObject({ epoch: 0, position: 2 });
    expect(epoch(loader).length).toBe(4);
    expect(loader.epoch).toBe(2);
  });

  it("falls back on get and collate, or the caller's collate", () => {
    const squares: Dataset<readonly [number, number]> = { length: 3, get: (k) => [k, k * k] };
    const [[x, y]] = new DataLoader(squares, { batchSize: 3 });
    expect([[...x.data()], [...y.data()]]).toEqual([
      [0, 1, 2],
      [0, 1, 4],
    ]);
    const [[only]] = new DataLoader(range(2), { batchSize: 2, collate: (examples) => [tensor(examples.length)] });
    expect(only.data()[0]).toBe(2);
  });

  it("refuses options and states that cannot be", () => {
    const make = (options: object) => () => new DataLoader(range(4), options as DataLoaderOptions);
    expect(make({ batchsize: 2 })).toThrow('DataLoader: unknown option "batchsize"; did you mean "batchSize"?');
    expect(make({ batchSize: 0 })).toThrow("batchSize is an integer >= 1, found 0");
    expect(make({ seed: 1, generator: new Generator(1) })).toThrow("exclude each other");
    expect(make({ shuffle: true, sampler: new SequentialSampler(4) })).toThrow("exclude each other");
    const loader = new DataLoader(range(4));
    const state = loader.stateDict();
    expect(() => loader.loadStateDict({ ...state, epoch: -1 })).toThrow("epoch is -1");
    expect(() => loader.loadStateDict(undefined as never)).toThrow("expected { seed, epoch, position, size }");
    expect(() => loader.loadStateDict({ ...state, size: 5 })).toThrow("0 of 5, this loader has 4 per epoch");
  });
});

describe("samplers", () => {
  it("are functions of the epoch", () => {
    const random = new RandomSampler(20, { seed: 1 });
    const later = random.order(3);
    expect(random.order(0)).not.toEqual(later);
    expect(random.order(3)).toEqual(later);
    expect(() => new RandomSampler(-1)).toThrow("length is an integer >= 0");
  });

  it("weighs", () => {
    const order = new WeightedRandomSampler([0, 1, 3, 0], 4000).order(0);
    const counts = [0, 1, 2, 3].map((k) => order.filter((index) => index === k).length);
    expect([counts[0], counts[3]]).toEqual([0, 0]);
    expect(counts[2] / counts[1]).toBeCloseTo(3, 0);
    expect(() => new WeightedRandomSampler([1, NaN], 2)).toThrow("found NaN at 1");
    expect(() => new WeightedRandomSampler([0], 2)).toThrow("expected a weight above 0");
    expect(epoch(new DataLoader(range(4), { batchSize: 4, sampler: new WeightedRandomSampler([0, 0, 1, 0], 4) }))).toEqual([[2, 2, 2, 2]]);
  });
});
