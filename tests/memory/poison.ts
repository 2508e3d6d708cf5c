import { type Backend, cpu, reference, type Storage } from "@gradtape/core";

/** The reference backend, but memory that was given back is destroyed: whoever still shows it gets an error instead of luck. */
export function poisonBackend(): { backend: Backend; readonly freed: () => number } {
  let freed = 0;
  const free = (storage: Storage): void => {
    if (storage.data === undefined) throw new Error("freed twice");
    freed++;
    storage.data.fill(storage.dtype === "bool" ? 255 : Number.NaN);
    Object.defineProperty(storage, "data", {
      get: () => {
        throw new Error("use after free");
      },
    });
  };
  const backend = new Proxy(reference, {
    get: (target, method) => {
      if (method === "free") return free;
      const member = target[method as keyof Backend] as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  return { backend, freed: () => freed };
}

/** Runs `fn` on another backend of the CPU and puts the old one back. */
export function onBackend<T>(backend: Backend, fn: () => T): T {
  const before = cpu.backend;
  cpu.setBackend(backend);
  try {
    return fn();
  } finally {
    cpu.setBackend(before);
  }
}
