import type { Backend } from "./backend.ts";

/** Where tensors live and what computes there. */
export class Device {
  #backend: Backend | undefined;
  constructor(
    readonly name: string,
    backend?: Backend,
  ) {
    this.#backend = backend;
  }

  /** The backend that computes on this device. */
  get backend(): Backend {
    if (this.#backend === undefined) throw new Error(`device ${this.name} has no backend; call setBackend(device, backend) first`);
    return this.#backend;
  }

  /** Replaces the backend; tensors that exist stay readable because storages on the host are typed arrays. */
  setBackend(backend: Backend): void {
    this.#backend = backend;
  }

  toString(): string {
    return this.name;
  }
}

/** The host: typed arrays, computed by the reference backend until a faster one takes over. */
export const cpu: Device = new Device("cpu");
