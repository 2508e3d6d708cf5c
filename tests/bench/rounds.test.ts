import { describe, expect, it } from "vitest";
import { digest, mistake } from "./digest.ts";
import type { Peer } from "./process.ts";
import type { Answer, Question } from "./protocol.ts";
import { isResult, measure, type Rounds } from "./rounds.ts";
import type { Workload } from "./workloads.ts";

const right = [3, 1, 4, 1, 5];
const workload: Workload = { name: "digits", title: "digits", work: {}, tolerance: 1e-6, expected: () => [digest(right)] };

/** A peer that computes `values`, and takes the times of `times` one after the other. */
function peer(name: string, values: readonly number[], times: readonly number[], asked: string[] = []): Peer {
  let round = 0;
  return {
    name,
    ask<T>({ ask }: Question): Promise<Answer<T>> {
      asked.push(`${name} ${ask}`);
      return Promise.resolve((ask === "check" ? { ms: 1, outputs: [digest(values)] } : { runs: 1, ms: times[round++], cpu: 1 }) as T);
    },
  };
}

const how: Rounds = { rounds: 3, milliseconds: 1, reference: "a" };

describe("rounds", () => {
  it("asks in turn, and tells medians and ratios", async () => {
    const asked: string[] = [];
    const results = await measure(workload, [peer("a", right, [2, 4, 8], asked), peer("b", right, [1, 2, 4], asked)], how);
    expect(asked).toEqual(["a check", "b check", "a time", "b time", "a time", "b time", "a time", "b time"]);
    expect(results[0]).toMatchObject({ peer: "a", median: 4, best: 2, ratio: 1, rounds: [2, 4, 8] });
    expect(results[1]).toMatchObject({ peer: "b", median: 2, best: 1, ratio: 0.5 });
  });

  it("times nobody who computes something else", async () => {
    const asked: string[] = [];
    const [, wrong] = await measure(workload, [peer("a", right, [1, 1, 1]), peer("b", [3, 1, 4, 1, 6], [1, 1, 1], asked)], how);
    expect(wrong).toEqual({ peer: "b", why: "wrong result, not timed: output 0 at 4 is 6, expected 5" });
    expect(asked).toEqual(["b check"]);
  });

  it("gives no ratio where the reference fails", async () => {
    const [, other] = await measure(workload, [peer("a", [], []), peer("b", right, [1, 1, 1])], how);
    expect(isResult(other) && other.ratio).toBeNull();
  });

  it("lets a first run that takes very long stand for itself", async () => {
    const slow: Peer = { name: "a", ask: <T>() => Promise.resolve({ ms: 20_000, outputs: [digest(right)] } as T) };
    expect((await measure(workload, [slow], how))[0]).toMatchObject({ once: true, rounds: [20_000], ratio: 1 });
  });
});

describe("digest", () => {
  const many = Float64Array.from({ length: 1000 }, (_, i) => Math.sin(i));

  it("finds a wrong number between the samples by the sum", () => {
    const changed = many.slice();
    changed[1] += 1;
    expect(mistake([digest(changed)], [digest(many)], 1e-6)).toMatch(/^output 0 sums to/);
    expect(mistake([digest(many)], [digest(many)], 1e-6)).toBeUndefined();
  });

  it("finds NaN, a missing output, and a wrong count", () => {
    const broken = many.slice();
    broken[500] = Number.NaN;
    expect(mistake([digest(broken)], [digest(many)], 1)).toBeDefined();
    expect(mistake([], [digest(many)], 1)).toBe("0 outputs, expected 1");
    expect(mistake([digest([1])], [digest(many)], 1)).toBe("output 0 has 1 numbers, expected 1000");
  });
});
