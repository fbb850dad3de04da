/** `tell`: speaks to a run that is going. */
import { refusal } from "../core/errors.js";
import type { JsonObject } from "../core/model/json.js";
import { option } from "../core/option/option.js";
import { type CommandResult, defineCommand } from "../core/pipeline/command.js";
import { summaries } from "./summaries.js";

export const tell = defineCommand({
  name: "tell",
  summary: summaries.tell,
  description:
    "RUN is its --name (else its run file's name, else its stage's), a process id, or the path of its socket. Requests: status (with every=1s again and again), pause STAGE and resume STAGE of the link into a stage, mark TEXT, stop, abort; docs/control.md tells what each does.",
  usage: "RUN REQUEST [WORD...] | --list",
  options: {
    words: option.list(option.text({ doc: "The run, the request, and what it takes.", metavar: "word" })),
    list: option.flag({ doc: "List the runs that can be spoken to.", default: false }),
  },
  positional: "words",
  takesWords: true,
  examples: [{ cmd: "tell --list", shows: "The runs of this user that can be spoken to." }],
  async run({ words, list }): Promise<CommandResult> {
    const [run, ...asked] = words;
    if (list) {
      if (run !== undefined) throw refusal("option-conflict", "tell, --list", `lists all runs, got ${run} besides`);
      return listRuns();
    }
    if (run === undefined)
      throw refusal("bad-option", "tell", "expected a run and a request", "As in: mote tell track status");
    const [{ findRun }, { ask, follow }, { answerText, requestIn, statusText }] = await Promise.all([
      import("../core/control/find-run.js"),
      import("../core/control/ask.js"),
      import("../core/control/words.js"),
    ]);
    const request = requestIn(run, asked);
    const asking = { where: `tell, ${run}`, path: await findRun(run), request };
    if (request.every !== undefined)
      return { data: linesOf(follow(asking)), text: `${run} has ended`, json: { ended: true } };
    const result = await ask(asking);
    return { text: request.request === "status" ? statusText(result) : answerText(result), json: result };
  },
});

async function listRuns(): Promise<CommandResult> {
  const [{ runsThatListen }, { statusLine }] = await Promise.all([
    import("../core/control/find-run.js"),
    import("../core/control/words.js"),
  ]);
  const runs = await runsThatListen();
  const lines = runs.map(({ name, status }) => `${name}: ${status ? statusLine(status) : "does not answer"}`);
  return {
    text: lines.length > 0 ? lines.join("\n") : "no run can be spoken to",
    json: runs.map(({ name, path, status }) => ({ name, path, status: status ?? null })),
  };
}

async function* linesOf(results: AsyncIterable<JsonObject>): AsyncGenerator<Uint8Array> {
  for await (const result of results) yield new TextEncoder().encode(`${JSON.stringify(result)}\n`);
}
