import fc from "fast-check";
import { expect, test } from "vitest";
import { Generator, philox, rand, randint, randn, randperm } from "./index.ts";

test("philox gives the known answers of Random123's kat_vectors", () => {
  const hex = (words: readonly number[]) => words.map((w) => w.toString(16).padStart(8, "0")).join(" ");
  expect(hex(philox([0, 0, 0, 0], [0, 0]))).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  const ones = 0xffffffff;
  expect(hex(philox([ones, ones, ones, ones], [ones, ones]))).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
  expect(hex(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]))).toBe("d16cfe09 94fdcceb 5001e420 24126ea1");
});

test("the same seed gives the same numbers, another seed others", () => {
  const draw = (seed: number) => randn([5], { generator: new Generator(seed), dtype: "float64" }).toArray();
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(2 ** 40 + 7)).not.toEqual(draw(7));
});

test("a state continues exactly, in the middle of a block and of a normal pair too", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31), fc.array(fc.constantFrom("word", "random", "normal"), { maxLength: 12 }), (seed, calls) => {
      const one = new Generator(seed);
      for (const call of calls) one[call as "word"]();
      const other = new Generator(1).setState(JSON.parse(JSON.stringify(one.state())));
      for (const call of ["normal", "random", "word", "normal", "normal"] as const) expect(other[call]()).toBe(one[call]());
    }),
    { numRuns: 50 },
  );
});

test("many numbers at once are those that come one by one", () => {
  for (const [skip, count] of [
    [0, 5],
    [1, 1024],
    [3, 3000],
    [2, 1],
    [0, 0],
    [5, 2048],
  ]) {
    const [one, many] = [new Generator(9), new Generator(9)];
    for (let i = 0; i < skip; i++) expect(many.word()).toBe(one.word());
    const words = new Uint32Array(count);
    many.words(words);
    expect([...words]).toEqual(Array.from({ length: count }, () => one.word()));
    const numbers = new Float64Array(count);
    many.randoms(numbers);
    expect([...numbers]).toEqual(Array.from({ length: count }, () => one.random()));
    expect(many.normal()).toBe(one.normal());
  }
});

test("moments and bounds are those of the distributions", () => {
  const generator = new Generator(3);
  const normal = randn([40_000], { generator, dtype: "float64" });
  expect(Math.abs(normal.mean().item())).toBeLessThan(0.02);
  expect(Math.abs(normal.square().mean().item() - 1)).toBeLessThan(0.03);
  const uniform = rand([40_000], { generator, dtype: "float64" });
  expect(Math.abs(uniform.mean().item() - 0.5)).toBeLessThan(0.01);
  expect(uniform.amin().item()).toBeGreaterThanOrEqual(0);
  expect(uniform.amax().item()).toBeLessThan(1);
  const integers = randint(-2, 3, [5000], { generator });
  expect([integers.amin().item(), integers.amax().item()]).toEqual([-2, 2]);
  expect([...(randperm(50, { generator }).toArray() as number[])].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
});

test("bad seeds, bounds and states are refused", () => {
  expect(() => new Generator(-1)).toThrow("a seed is an integer from 0");
  expect(() => new Generator(1.5)).toThrow("1.5");
  expect(() => randint(3, 3, [1])).toThrow("low < high");
  expect(() => new Generator(1).integer(0)).toThrow("at least 1");
  expect(() => new Generator(1).setState({ seed: 1 } as never)).toThrow("expected { seed, drawn, spare }");
});
