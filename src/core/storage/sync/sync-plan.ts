/** When what was stored is made durable: the option that all sinks share that write files. */
import { option } from "../../option/option.js";
import { parseQuantity } from "../../units.js";

/** Once, at the close; after every push; or at most so long after the first frame that waits. */
export type SyncPlan = "close" | "frame" | { readonly withinMs: number };

const mostMs = 3_600_000;

export const syncOption = {
  sync: option.custom<SyncPlan, { doc: string; expected: string; metavar: string; default: string }>(
    {
      doc: "When stored frames are made durable, so that they are there after a power cut: close, once at the end; frame, after every push, one frame or those that waited together; or a duration such as 200ms, one sync for all that came, at most so long after the first. A kill of the process alone loses nothing with any of them.",
      expected: "close, frame or a duration such as 200ms",
      metavar: "when",
      default: "close",
      schema: { anyOf: [{ type: "number", exclusiveMinimum: 0 }, { type: "string" }] },
    },
    (raw) => {
      if (raw === "close" || raw === "frame") return raw;
      const withinMs = typeof raw === "number" ? raw : typeof raw === "string" ? parseQuantity(raw, "ms") : undefined;
      return withinMs !== undefined && withinMs > 0 && withinMs <= mostMs ? { withinMs } : undefined;
    },
  ),
};
