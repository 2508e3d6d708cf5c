import type { Backend } from "./backend.ts";
import { noteManual } from "./ownership.ts";

/** What a device is like. */
export interface DeviceOptions {
  /** Whether its memory is not garbage-collected, so that the tape, optimizers and scopes free what they own. Default false. */
  readonly manual?: boolean;
}

/** Where tensors live and what computes there. */
export class Device {
  /** Whether the owners of memory free it: the tape what it saved, `noGrad` and `scope` what they made. On the CPU the collector does. */
  readonly manual: boolean;
  #backend: Backend | undefined;

  constructor(
    readonly name: string,
    backend?: Backend,
    options: DeviceOptions = {},
  ) {
    this.#backend = backend;
    this.manual = options.manual ?? false;
    if (this.manual) noteManual();
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
