// A thread of the WebAssembly backend: it takes parts of the running job while there are any, watches for the next job for a moment, then sleeps.
// Plain JavaScript in one file, so that Node, browsers and bundlers start it as it stands, from the sources and from the built package.
const port = globalThis.process?.getBuiltinModule?.("node:worker_threads").parentPort ?? globalThis;

port.onmessage = ({ data: { memory, control, words, watch } }) => {
  const shared = new Int32Array(memory.buffer, control, words.size);
  const routines = new Map();

  /** The function of the job, compiled here when it is first met. */
  const routineOf = (number) => {
    const known = routines.get(number);
    if (known !== undefined) return known;
    const [at, length] = [shared[words.moduleAt], shared[words.moduleLength]];
    // Another thread made the memory grow; growth by nothing makes this one see it.
    if (at + length > memory.buffer.byteLength) memory.grow(0);
    const module = new WebAssembly.Module(new Uint8Array(memory.buffer, at, length).slice());
    const env = { memory };
    for (const { kind, name } of WebAssembly.Module.imports(module)) if (kind === "function") env[name] = Math[name];
    const routine = Object.values(new WebAssembly.Instance(module, { env }).exports)[shared[words.position]];
    routines.set(number, routine);
    return routine;
  };

  /** Tells the main thread why this one gives up, as character codes. */
  const fail = (error) => {
    const text = String(error).slice(0, words.size - words.text - 1);
    for (let i = 0; i < text.length; i++) shared[words.text + 1 + i] = text.charCodeAt(i);
    shared[words.text] = text.length;
    Atomics.store(shared, words.failed, 1);
  };

  /** Takes parts until none is left; the parts that are left are the low byte of the ticket, the rest tells jobs apart. Tells whether all went well. */
  const work = () => {
    for (;;) {
      const ticket = Atomics.load(shared, words.ticket);
      const left = ticket & 255;
      if (left === 0) return true;
      if (Atomics.compareExchange(shared, words.ticket, ticket, ticket - 1) !== ticket) continue;
      try {
        routineOf(shared[words.number])(shared[words.first] + (shared[words.parts] - left) * shared[words.stride]);
      } catch (error) {
        fail(error);
      }
      if (Atomics.sub(shared, words.pending, 1) === 1 && Atomics.load(shared, words.waiting) === 1) Atomics.notify(shared, words.pending);
      if (Atomics.load(shared, words.failed) === 1) return false;
    }
  };

  /** Waits until the ticket shows parts. */
  const rest = () => {
    const end = performance.now() + watch;
    do {
      for (let i = 0; i < 256; i++) if ((Atomics.load(shared, words.ticket) & 255) !== 0) return;
    } while (performance.now() < end);
    Atomics.add(shared, words.sleeping, 1);
    const ticket = Atomics.load(shared, words.ticket);
    if ((ticket & 255) === 0) Atomics.wait(shared, words.ticket, ticket);
    Atomics.sub(shared, words.sleeping, 1);
  };

  Atomics.add(shared, words.ready, 1);
  port.postMessage("ready");
  while (work()) rest();
  port.close();
};
