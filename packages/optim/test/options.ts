import fc from "fast-check";

/** Options of a rule, as plain values. */
// biome-ignore lint/suspicious/noExplicitAny: options of every rule pass through one table
export type Plain = Readonly<Record<string, any>>;

/** Updates `p` in place, element by element, keeping what it needs in `s`; `rows` is the first size of the matrix that `p` is. */
export type Loop = (p: number[], g: readonly number[], s: Record<string, number[]>, t: number, o: Plain, rows: number) => void;

/** A rule as a straight loop, and the options that it is tried with. */
export interface Row {
  readonly options: fc.Arbitrary<Plain>;
  readonly loop: Loop;
}

/** Learning rates. */
export const lr = fc.double({ min: 1e-3, max: 0.3, noNaN: true });
/** Weight decays. */
export const decay = fc.constantFrom(0, 0.01, 0.3);
/** Momenta. */
export const momentum = fc.constantFrom(0, 0.5, 0.9);
/** Small numbers beside a root. */
export const eps = fc.constantFrom(1e-8, 1e-3, 0.1);
/** A switch. */
export const flag = fc.boolean();
/** Decay rates of two moments. */
export const betas = fc.tuple(fc.constantFrom(0, 0.4, 0.9), fc.constantFrom(0.6, 0.9, 0.999));
/** Options of which any may be left out, but `lr`. */
export const some = (record: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Plain> =>
  fc.record(record, { requiredKeys: ["lr"] }) as fc.Arbitrary<Plain>;
/** What a loop keeps under a name, made when it is first asked for. */
export const array = (s: Record<string, number[]>, name: string, size: number, start = 0): number[] =>
  (s[name] ??= new Array<number>(size).fill(start));
/** Euclidean norm. */
export const length = (x: readonly number[]): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
