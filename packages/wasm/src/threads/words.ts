/**
 * Where the threads of a pool meet: words of a block of the shared memory, by index. Those that several threads write have cache lines of their own.
 * The worker gets this table with its first message, so that it is written once.
 */
export const words = {
  /** Parts of the running job that nobody took yet, in the low byte; above it a number that tells jobs apart. */
  ticket: 0,
  /** Parts that are not done. */
  pending: 16,
  /** Whether the main thread sleeps until all parts are done. */
  waiting: 32,
  /** Workers that sleep, or are about to, until the ticket changes. */
  sleeping: 48,
  /** Workers that are up. */
  ready: 64,
  /** Whether a worker gave up. */
  failed: 80,
  /** The job: a number for its function, where the module's bytes lie, which of its exports it is, the parts, the first description and the bytes from one to the next. */
  number: 96,
  moduleAt: 97,
  moduleLength: 98,
  position: 99,
  parts: 100,
  first: 101,
  stride: 102,
  /** Why a worker gave up: a length, then character codes. */
  text: 112,
  /** Words in all. */
  size: 512,
} as const;
