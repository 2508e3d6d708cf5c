import { accumulate } from "../backend/accumulate.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { sum } from "./arithmetic.ts";
import type { Order } from "./graph.ts";
import type { GradientMemory } from "./memory.ts";
import type { TapeNode } from "./node.ts";

/** The gradients that wait at the nodes of a pass until all of their parts have arrived. */
export class Gradients {
  readonly #order: Order;
  readonly memory: GradientMemory | undefined;
  readonly #waiting: (Tensor | undefined)[];

  constructor(order: Order, memory: GradientMemory | undefined) {
    this.#order = order;
    this.memory = memory;
    this.#waiting = new Array<Tensor | undefined>(order.nodes.length).fill(undefined);
  }

  /** Takes what waits at a place. */
  take(place: number): Tensor | undefined {
    const gradient = this.#waiting[place];
    this.#waiting[place] = undefined;
    return gradient;
  }

  /** What waits at a node, where it may be changed in place. */
  open(node: TapeNode): Tensor | undefined {
    if (this.memory === undefined) return undefined;
    this.#order.renew();
    const before = this.#waiting[node.place];
    return before !== undefined && this.memory.mayChange(before) ? before : undefined;
  }

  /** Sends the gradients of a step on. All are held until the last is on its way: two edges may get one gradient. */
  send({ edges }: TapeNode, outgoing: readonly (Tensor | null)[]): void {
    const memory = this.memory;
    if (memory !== undefined) for (const gradient of outgoing) if (gradient !== null) memory.hold(gradient);
    for (let k = 0; k < outgoing.length; k++) {
      const edge = edges[k];
      const gradient = outgoing[k];
      if (edge !== null && gradient !== null) this.add(edge, gradient);
    }
    if (memory !== undefined) for (const gradient of outgoing) if (gradient !== null) memory.drop(gradient);
  }

  /** Adds a gradient to what waits at a node. */
  add(node: TapeNode, gradient: Tensor): void {
    const memory = this.memory;
    this.#order.renew();
    const { place } = node;
    const before = this.#waiting[place];
    if (before === undefined) {
      this.#waiting[place] = gradient;
      memory?.hold(gradient);
      return;
    }
    if (before.dtype === gradient.dtype && memory?.mayChange(before)) {
      accumulate(before, gradient);
      return;
    }
    memory?.open();
    const total = sum(before, gradient);
    memory?.close([total]);
    this.#waiting[place] = total;
    memory?.hold(total);
    memory?.drop(before);
  }
}
