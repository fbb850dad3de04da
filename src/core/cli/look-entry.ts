/** Where the thread starts that looks at the headers of image files. */
import { workerData } from "node:worker_threads";
import { lookAtFiles } from "../storage/read/look-at-files.js";
import { answer } from "../workers/confined-reply.js";
import type { LookCall } from "./confined-command.js";

const { look } = workerData as LookCall;

await answer(look[0], () => lookAtFiles(...look));
