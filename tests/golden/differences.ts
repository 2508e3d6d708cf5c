/**
 * Cases in which the library deliberately or knowingly differs from the recording, with the reason. They are reported as skipped; one that comes to pass
 * is reported as a failure until its line here is gone. Keys: kind, a slash, the name of the case.
 */
export const differences: Readonly<Record<string, string>> = {};
