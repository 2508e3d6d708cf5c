import { data } from "gradtape";
import { beforeAll, describe, expect, it } from "vitest";
import type { Anatomy, Update } from "./anatomy.ts";
import { type Datasets, loadDatasets } from "./datasets.ts";
import { evaluate } from "./evaluation.ts";
import { optimizers } from "./optimizers.ts";
import { schedules } from "./schedules.ts";
import { completeSettings, type Settings } from "./settings.ts";
import { Training, type TrainingState } from "./training.ts";

const small = { examples: 200, steps: 8 };
let datasets: Datasets;

beforeAll(async () => {
  datasets = await loadDatasets(completeSettings(small));
});

const start = (given: Partial<Settings>): Training => new Training(completeSettings({ ...small, ...given }), datasets);

/** Trains to the end, or to step `until`. */
async function go(run: Training, until = run.settings.steps): Promise<Training> {
  for await (const { step } of run.run()) if (step >= until) break;
  return run;
}

/** A copy that went through the bytes of a checkpoint. */
function saved(run: Training): Training {
  const state = data.decodeCheckpoint<TrainingState>(data.encodeCheckpoint(run.state()));
  const copy = new Training(state.settings, datasets);
  copy.restore(state);
  return copy;
}

const weights = (run: Training): unknown => Object.entries(run.model.stateDict()).map(([name, values]) => [name, values.data()]);

describe("training", () => {
  it("goes on after a checkpoint with the same bits, across epochs", async () => {
    const whole = await go(start({ steps: 30 }));
    const resumed = await go(saved(await go(start({ steps: 30 }), 15)));
    expect(resumed.history).toEqual(whole.history);
    expect(resumed.history.losses).toHaveLength(30);
    expect(weights(resumed)).toEqual(weights(whole));
    expect(resumed.anatomy).toEqual(whole.anatomy);
  });

  it.each([...optimizers.keys()])("saves and goes on with %s, or says why not", async (optimizer) => {
    const given = { optimizer, ...(optimizer === "lbfgs" && { lr: 0.01, steps: 2 }) };
    let whole: Training;
    try {
      whole = start(given);
    } catch (error) {
      expect((error as Error).message).toMatch(new RegExp(`^${optimizer}: .+; give `, "i"));
      return;
    }
    await go(whole);
    const resumed = await go(saved(await go(start(given), whole.settings.steps >> 1)));
    expect([resumed.history, weights(resumed)]).toEqual([whole.history, weights(whole)]);
    expect(whole.anatomy?.update?.lines.length).not.toBe(0);
  });

  it.each(schedules)("saves and goes on with the schedule %s", async (schedule) => {
    const whole = await go(start({ schedule }));
    const resumed = await go(saved(await go(start({ schedule }), 6)));
    expect([resumed.history.losses, weights(resumed)]).toEqual([whole.history.losses, weights(whole)]);
  });

  it("goes on inside the epoch when the same run is left and entered again", async () => {
    const left = await go(await go(start({}), 4));
    expect(left.history).toEqual((await go(start({}))).history);
  });

  it("explains half-way the update that the optimizer makes", async () => {
    const run = await go(start({ steps: 7 }), 4);
    const { step, tape, update } = run.anatomy as Anatomy & { update: Update };
    expect([step, update.step, update.parameter]).toEqual([4, 4, "4.weight"]);
    const after = run.model.namedParameters().find(([name]) => name === update.parameter)![1];
    expect(after.slice(...update.index).item()).toBeCloseTo(update.after, 7);
    expect(Math.abs(update.gradient)).toBeGreaterThan(1e-3);
    expect(update.lines.map(({ name }) => name)).toEqual(["p", "m", "v", "mHat", "vHat", "p"]);
    expect(tape.at(-1)).toMatchObject({ shape: [], gradientNorm: 1 });
    expect(tape.filter(({ kind }) => kind === "parameter")).toHaveLength(6);
    expect(tape.every(({ gradientNorm }) => gradientNorm !== null && gradientNorm > 0)).toBe(true);
  });

  it("learns: most of the small training set after 60 steps", async () => {
    const run = await go(start({ steps: 60, lr: 3e-3 }));
    const { accuracy, confusion, mistakes } = evaluate(run.model, datasets.train, 64);
    expect(accuracy).toBeGreaterThan(0.85);
    expect(confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(200);
    expect(mistakes.length).toBe(Math.round(200 * (1 - accuracy)));
    expect(mistakes.map(({ confidence }) => confidence)).toEqual(mistakes.map(({ confidence }) => confidence).sort((a, b) => b - a));
  });

  it("stops with a reason when the loss is no number", async () => {
    await expect(go(start({ optimizer: "sgd", lr: 1e6, steps: 40 }))).rejects.toThrow(/the loss is (NaN|Infinity) at step \d+; take a smaller --lr/);
  });
});
