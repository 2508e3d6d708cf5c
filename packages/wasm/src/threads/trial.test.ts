import { expect, test } from "vitest";
import { Trial } from "./trial.ts";

/** Runs jobs that take so long on one thread and on several; tells how many were split, and of those after the first thousand. */
function jobs(trial: Trial, count: number, alone: () => number, together: () => number): number {
  let split = 0;
  for (let i = 0; i < count; i++) {
    if (trial.split) split++;
    trial.note(trial.split ? together() : alone(), 1);
  }
  return split / count;
}

test("jobs are split while that is faster, and seldom while it is not", () => {
  const trial = new Trial();
  expect(
    jobs(
      trial,
      4000,
      () => 2,
      () => 1,
    ),
  ).toBeGreaterThan(0.9);
  expect(
    jobs(
      trial,
      4000,
      () => 2,
      () => 3,
    ),
  ).toBeLessThan(0.15);
  expect(
    jobs(
      trial,
      100_000,
      () => 2,
      () => 3,
    ),
  ).toBeLessThan(0.02);
  expect(
    jobs(
      trial,
      4000,
      () => 2,
      () => 1,
    ),
  ).toBeGreaterThan(0.5);
});

test("a rare accident does not end threads for good, frequent ones do", () => {
  let job = 0;
  const every = (n: number) => () => (++job % n === 0 ? 100 : 1);
  expect(jobs(new Trial(), 20_000, () => 2, every(1000))).toBeGreaterThan(0.9);
  expect(jobs(new Trial(), 20_000, () => 2, every(2))).toBeLessThan(0.1);
});
