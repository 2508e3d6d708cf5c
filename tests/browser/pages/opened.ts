import type { Device } from "@gradtape/core";
import { gpu } from "@gradtape/gpu";

let opened: Promise<Device> | undefined;
/** The device that all parts share. */
export const open = (): Promise<Device> => (opened ??= gpu());
