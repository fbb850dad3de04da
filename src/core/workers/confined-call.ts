/**
 * Work on what somebody else made, in a thread of its own: the thread that asks hears signals meanwhile, and what takes too
 * much memory, or a call that does not come back, ends the thread and not the process.
 */
import { failure, MoteError } from "../errors.js";
import type { ConfinedReply } from "./confined-reply.js";
import { spawnWorker } from "./spawn-worker.js";

/** Beyond this the work is given up; what a command holds of a file of any length is far below. */
const resourceLimits = { maxOldGenerationSizeMb: 1024 };

/**
 * Starts a thread at `entry` with `input`, a clone, and returns what it answers. A failure names `where`. The entry answers
 * by `answer` of confined-reply.
 */
export async function callConfined<Output>(
  entry: URL,
  where: string,
  input: object,
  onNews: (news: unknown) => void = () => {},
): Promise<Output> {
  let reply: Exclude<ConfinedReply, { kind: "news" }> | undefined;
  const { ended } = spawnWorker<ConfinedReply>(
    entry,
    where,
    input,
    (message) => {
      if (message.kind === "news") onNews(message.news);
      else reply = message;
    },
    resourceLimits,
  );
  try {
    await ended;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY") {
      throw failure(
        "not-enough-memory",
        where,
        "takes more memory than a file may",
        "The file is damaged, or not what its name says.",
        error,
      );
    }
    throw error;
  }
  if (reply?.kind === "done") return reply.value as Output;
  if (reply?.kind === "failed") throw new MoteError(reply.problems, { exitCode: reply.exitCode });
  throw Object.assign(new Error(reply?.message ?? "a thread ended without an answer"), reply && { stack: reply.stack });
}
