/** Where the suite of a page runs: in Chromium, or in this process. */
export interface Stage {
  /** Calls a function of the suite with plain data. */
  call<T>(name: string, ...args: readonly unknown[]): Promise<T>;
  close(): Promise<void>;
}
