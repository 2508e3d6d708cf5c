import { ndarrayBackend } from "@gradtape/core/ndarray";
import { conformance } from "./suite.ts";

// ndarray-ops was written by others: it agrees with the reference backend, or one of us is wrong.
conformance(ndarrayBackend);
