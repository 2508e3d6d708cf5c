import { type Backend, Device, type DType, hostStorage, type Lifetime, reference, type Storage } from "@gradtape/core";

/** A device whose memory has owners, as a GPU's has, computed by the reference backend: what was freed is destroyed, and what lives is counted. */
export function manualDevice(): { readonly device: Device; readonly living: () => number; readonly variables: () => number } {
  const values = new Set<Storage>();
  const variables = new Set<Storage>();
  const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array } as const;
  const allocate = (dtype: DType, length: number, lifetime: Lifetime): Storage => {
    const storage = hostStorage(device, dtype, new arrays[dtype](length));
    (lifetime === "value" ? values : variables).add(storage);
    return storage;
  };
  const free = (storage: Storage): void => {
    if (!values.delete(storage) && !variables.delete(storage)) return;
    Object.defineProperty(storage, "data", {
      get: () => {
        throw new Error("this tensor was freed");
      },
    });
  };
  const own: Partial<Backend> = { allocate, free };
  const backend = new Proxy(reference, {
    get: (target, method) => {
      const member = (own[method as keyof Backend] ?? target[method as keyof Backend]) as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  const device = new Device("manual", backend, { manual: true });
  return { device, living: () => values.size, variables: () => variables.size };
}
