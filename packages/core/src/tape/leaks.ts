import type { MemoryReport } from "../backend/backend.ts";
import type { Device } from "../backend/device.ts";
import { storagesOf } from "./ownership.ts";

/** What a GPU's memory holds; an error for the CPU, whose memory is garbage-collected. */
export function memoryReport(device: Device): MemoryReport {
  const report = device.backend.memory?.();
  if (report === undefined) throw new Error(`memoryReport: the memory of ${device.name} is garbage-collected; there is nothing to report`);
  return report;
}

/**
 * Runs `fn`, or waits for what it promises, and throws when memory on the device is left that neither its result shows nor was there before. Returns the result.
 */
export function assertNoLeaks<T>(device: Device, fn: () => T): T {
  const before = memoryReport(device).blocks;
  const check = <R>(result: R): R => {
    const shown = [...storagesOf(result)].filter((storage) => storage.device === device).length;
    const more = memoryReport(device).blocks - before - shown;
    if (more > 0)
      throw new Error(
        `assertNoLeaks: ${more} blocks of memory are left on ${device.name} that nothing frees; put the work into scope(() => …), or dispose() of tensors that are no longer needed`,
      );
    return result;
  };
  const result = fn();
  return result instanceof Promise ? (result.then(check) as T) : check(result);
}
