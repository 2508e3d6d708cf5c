import { elementwise } from "./elementwise.ts";
import { layerwise } from "./layerwise.ts";
import type { Row } from "./options.ts";

/** Every rule that moves one parameter at a time, as a straight loop. */
export const loops: Readonly<Record<string, Row>> = { ...elementwise, ...layerwise };
