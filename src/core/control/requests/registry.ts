/** The requests that a run answers, in the order in which help lists them. One is a file here and a line in this table. */
import type { ControlRequest } from "../request.js";
import { abort } from "./abort.js";
import { mark } from "./mark.js";
import { pause } from "./pause.js";
import { resume } from "./resume.js";
import { status } from "./status.js";
import { stop } from "./stop.js";

export const requests: readonly ControlRequest[] = [status, pause, resume, mark, stop, abort];
