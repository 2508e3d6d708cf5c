import { gpu } from "@gradtape/gpu";
import type { Stage } from "../browser/stage.ts";

/** Why there is no GPU device in this process; `undefined` where there is one. */
const reason: string | undefined = await gpu({ mode: "headlessgl", selfTest: false }).then(
  (device) => {
    device.close();
    return undefined;
  },
  (error: Error) => error.message,
);

/** Whether the tests of this folder cannot run. With GRADTAPE_DEMAND_HEADLESS=1 that is a failure. */
export const skipped: boolean = reason !== undefined && process.env.GRADTAPE_DEMAND_HEADLESS !== "1";
if (skipped) console.warn(`tests/headless: skipped, ${reason}`);

/** Runs the suite of a page in this process. */
export async function openHere(page: string): Promise<Stage> {
  await import(`../browser/pages/${page}.ts`);
  const { suite } = globalThis as unknown as { suite: Readonly<Record<string, (...args: readonly unknown[]) => unknown>> };
  return {
    call: async <T>(name: string, ...args: readonly unknown[]) => (await suite[name](...args)) as T,
    close: async () => {},
  };
}
