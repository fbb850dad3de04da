/** `status`: how the run stands. */
import { option } from "../../option/option.js";
import { defineRequest } from "../request.js";
import { statusOf } from "../status.js";

/** Oftener would show nothing new to anybody, and keep the main thread from what it is there for. */
const leastEveryMs = 20;

export const status = defineRequest({
  name: "status",
  doc: "Say how the run stands: stages, links, slots, rates, losses; with every, again and again until the run ends.",
  fields: {
    every: option.number({
      doc: "Say it again every so often, until the run ends or the connection is closed.",
      unit: "ms",
      min: leastEveryMs,
      max: 3_600_000,
    }),
  },
  plain: [],
  answer(run, { every }, asker) {
    if (every !== undefined) asker.subscribe(every, () => statusOf(run));
    return statusOf(run);
  },
});
