/** Speaks to a run over its socket: a line out, lines in. */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { codeOf, type ExitCode, failure, MoteError, type Problem, reason, refusal } from "../errors.js";
import { isJsonObject, type JsonObject, parseJsonObject } from "../model/json.js";
import { socketPathProblem } from "../stream/socket-path.js";

export interface Asked {
  /** For complaints: "tell, exp". */
  readonly where: string;
  /** Of the socket. */
  readonly path: string;
  readonly request: JsonObject;
  /** How long an answer may take; the run answers at once, unless its process stands still. */
  readonly patienceMs?: number;
}

const patienceMs = 5000;

/** The result of a request; throws what the run says is wrong with it, with its codes and exit code, or why nothing came. */
export async function ask(asked: Asked): Promise<JsonObject> {
  for await (const result of follow(asked)) return result;
  throw gone(asked);
}

/** The result of a request, and what is told again and again where it asks for that, until the run or the caller ends it. */
export async function* follow(asked: Asked): AsyncGenerator<JsonObject> {
  const socket = await open(asked);
  try {
    const lines = createInterface({ input: socket });
    socket.on("error", () => {});
    socket.write(`${JSON.stringify(asked.request)}\n`);
    const impatience = setTimeout(() => socket.destroy(), asked.patienceMs ?? patienceMs);
    let answers = 0;
    for await (const line of lines) {
      clearTimeout(impatience);
      const result = resultIn(line, asked);
      if (!result) return;
      answers++;
      yield result;
    }
    clearTimeout(impatience);
    if (answers === 0) throw gone(asked);
  } finally {
    socket.destroy();
  }
}

function open(asked: Asked): Promise<Socket> {
  const { where, path } = asked;
  const problem = socketPathProblem(where, path);
  if (problem) throw new MoteError(problem, { exitCode: 2 });
  return new Promise((resolve, reject) => {
    const socket = connect({ path }, () => resolve(socket));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const isNobody = error.code === "ENOENT" || error.code === "ECONNREFUSED";
      const code = isNobody ? "no-peer" : codeOf(error);
      const what = isNobody ? `no run listens at ${path}` : `cannot connect: ${reason(error)}`;
      reject(refusal(code, where, what, "mote tell --list shows the runs that can be spoken to.", error));
    });
  });
}

/** The result that a line brings; undefined when the run says that it ends. */
function resultIn(line: string, { where, path }: Asked): JsonObject | undefined {
  const answer = parseJsonObject(line);
  if (answer?.end === true) return undefined;
  if (answer?.ok === false) throw new MoteError(problemsIn(answer, where), { exitCode: exitCodeIn(answer) });
  const result = answer?.update ?? answer?.result;
  if (!isJsonObject(result)) {
    const what = `${path} answers in a way that no run does: ${line.slice(0, 80)}`;
    throw failure("no-peer", where, what, "Another program listens there.");
  }
  return result;
}

function problemsIn({ errors }: JsonObject, where: string): Problem[] {
  const given = Array.isArray(errors) ? errors.filter(isJsonObject) : [];
  if (given.length === 0) return [{ code: "no-peer", where, what: "the run refuses, and does not say why" }];
  return given.map(({ code, where, what, hint }) => ({
    // What a run of another version calls it is handed on.
    code: String(code) as Problem["code"],
    where: `tell, ${String(where)}`,
    what: String(what),
    ...(typeof hint === "string" ? { hint } : {}),
  }));
}

function exitCodeIn({ exitCode }: JsonObject): ExitCode {
  return exitCode === 2 ? 2 : 1;
}

function gone({ where, path }: Asked): MoteError {
  return failure(
    "no-peer",
    where,
    `${path} was closed without an answer`,
    "The run has ended, or its process stands still.",
  );
}
