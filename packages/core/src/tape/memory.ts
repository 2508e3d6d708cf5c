import { adopt } from "../backend/ownership.ts";
import { abandonRegion, closeRegion, free, openRegion } from "../backend/region.ts";
import { isDense, type Storage } from "../backend/view.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isFollowed } from "./apply.ts";

const receive = (storage: Storage): void => {
  storage.holders = 0;
};

/**
 * The books of one backward pass: which memory the pass itself made, and how many gradients on their way still show it (`Storage.holders`). What nobody shows any
 * more is freed at once, so that a training loop needs the same memory in every step. Memory that a hook has seen is left to the collector.
 */
export class GradientMemory {
  #mark = -1;

  /** Begins a part of the pass, to which belongs what it makes. */
  open(): void {
    this.#mark = openRegion();
  }

  /** Ends a part of the pass: its temporaries are freed, the memory of its gradients becomes the pass's own. */
  close(gradients: readonly (Tensor | null)[]): void {
    closeRegion(this.#mark, gradients, receive);
    this.#mark = -1;
  }

  /** Ends a part in which an error was thrown, if one has begun. */
  abandon(): void {
    if (this.#mark >= 0) abandonRegion(this.#mark);
    this.#mark = -1;
  }

  /** One more place shows this gradient's memory. */
  hold({ storage }: Tensor): void {
    if (storage.holders >= 0) storage.holders++;
  }

  /** One place fewer; the memory is freed when it was the last. */
  drop({ storage }: Tensor): void {
    if (storage.holders > 1) storage.holders--;
    else if (storage.holders >= 0) {
      storage.holders = -1;
      free(storage);
    }
  }

  /** Whether the gradient may be changed in place: nothing else shows its memory, which is the pass's own, and nobody follows the operations. */
  mayChange(gradient: Tensor): boolean {
    const { storage } = gradient;
    return storage.holders === 1 && !storage.device.manual && isDense(gradient) && !isFollowed();
  }

  /** Gives the memory away to the gradient's new owner; tells whether that owner is the only one. */
  give({ storage }: Tensor): boolean {
    const { holders } = storage;
    storage.holders = -1;
    if (holders >= 0 && holders !== 1 && storage.device.manual) adopt(storage);
    return holders === 1;
  }

  /** Leaves the memory to the collector: somebody outside may show it. */
  disown({ storage }: Tensor): void {
    if (storage.holders >= 0 && storage.device.manual) adopt(storage);
    storage.holders = -1;
  }
}
