/** What a thread that was called by `callConfined` answers. */
import { parentPort } from "node:worker_threads";
import { asMoteError, type ExitCode, type Problem } from "../errors.js";
import { longAgo, msSince, now } from "../time.js";

export type ConfinedReply =
  | { readonly kind: "news"; readonly news: unknown }
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly problems: readonly Problem[]; readonly exitCode: ExitCode }
  /** Something that has no words: a defect. */
  | { readonly kind: "defect"; readonly message: string; readonly stack: string };

/** News are told so often at most, milliseconds. */
const newsEveryMs = 50;

/** Does the work of this thread and sends its outcome, a failure in the words of `where`; `tell` sends news on the way, those that come too fast are left out. */
export async function answer(where: string, work: (tell: (news: unknown) => void) => Promise<unknown>): Promise<void> {
  const send = (reply: ConfinedReply) => parentPort!.postMessage(reply);
  let toldAt = longAgo;
  const tell = (news: unknown) => {
    if (msSince(toldAt) < newsEveryMs) return;
    toldAt = now();
    send({ kind: "news", news });
  };
  try {
    send({ kind: "done", value: await work(tell) });
  } catch (error) {
    const known = asMoteError(where, error);
    if (known) send({ kind: "failed", problems: known.problems, exitCode: known.exitCode });
    else {
      const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
      send({ kind: "defect", message, stack });
    }
  }
}
