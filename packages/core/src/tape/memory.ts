import { adopt } from "../backend/ownership.ts";
import { free, region } from "../backend/region.ts";
import type { Storage } from "../backend/view.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * The books of one backward pass: which memory the pass itself made, and how many gradients on their way still show it. What nobody shows any more is
 * freed at once, so that a training loop needs the same memory in every step. Memory that a hook has seen is left to the collector.
 */
export class GradientMemory {
  readonly #holders = new Map<Storage, number>();

  /** Runs a part of the pass and frees its temporaries; the memory that its result shows becomes the pass's own. */
  collect<T>(part: () => T, shows: (result: T) => readonly Storage[]): T {
    return region(part, shows, this.#receive);
  }

  readonly #receive = (storage: Storage): void => void this.#holders.set(storage, 0);

  /** One more place shows this gradient's memory. */
  hold({ storage }: Tensor): void {
    const holders = this.#holders.get(storage);
    if (holders !== undefined) this.#holders.set(storage, holders + 1);
  }

  /** One place fewer; the memory is freed when it was the last. */
  drop({ storage }: Tensor): void {
    const holders = this.#holders.get(storage);
    if (holders === undefined) return;
    if (holders > 1) this.#holders.set(storage, holders - 1);
    else {
      this.#holders.delete(storage);
      free(storage);
    }
  }

  /** Gives the memory away to the gradient's new owner; tells whether that owner is the only one. */
  give({ storage }: Tensor): boolean {
    const alone = this.#holders.get(storage) === 1;
    if (this.#holders.delete(storage) && !alone && storage.device.manual) adopt(storage);
    return alone;
  }

  /** Leaves the memory to the collector: somebody outside may show it. */
  disown({ storage }: Tensor): void {
    if (this.#holders.delete(storage) && storage.device.manual) adopt(storage);
  }
}
