/** One line from a client, carried out: what is answered is an object too, also where the line is none. */
import { asMoteError, defect, MoteError, type Problem, reason, refusal } from "../errors.js";
import { type JsonObject, type JsonValue, parseJsonObject } from "../model/json.js";
import { ownEntries } from "../model/own.js";
import { decodeOptions } from "../option/decode-options.js";
import { nearestName } from "../option/names.js";
import type { Asker, SpokenRun } from "./request.js";
import { requests } from "./requests/registry.js";

/** `run`: undefined while the run has not begun. The answer has the `id` of the line. */
export function answerLine(line: string, run: SpokenRun | undefined, askerOf: (id: JsonValue) => Asker): JsonObject {
  const asked = parseJsonObject(line);
  const id = asked?.id ?? null;
  try {
    if (!asked)
      throw refusal("bad-option", "control", "expected a JSON object a line", 'As in {"request":"status","id":1}');
    return { id, ok: true, result: carryOut(asked, run, askerOf(id)) };
  } catch (error) {
    return { id, ok: false, ...told(error) };
  }
}

function carryOut(asked: JsonObject, run: SpokenRun | undefined, asker: Asker): JsonObject {
  const { request: name } = asked;
  const request = requests.find((one) => one.name === name);
  if (!request) throw noSuchRequest(name);
  const where = run ? `${run.name}, ${request.name}` : request.name;
  const fields = ownEntries(asked, (key) => key !== "request" && key !== "id");
  refuseUnknown(where, Object.keys(request.fields), fields);
  const { options, problems, broken } = decodeOptions(where, request.fields, fields);
  const refused = [...problems, ...broken];
  if (refused.length > 0) throw new MoteError(refused, { exitCode: 2 });
  if (!run) throw refusal("not-now", where, "the run has not begun", "Try again in a moment.");
  return request.answer(run, options, asker);
}

/** As decoding would, but for its hint, which is for a command line. */
function refuseUnknown(where: string, known: readonly string[], fields: JsonObject): void {
  const unknown = Object.keys(fields).filter((name) => !known.includes(name));
  const problems = unknown.map((name): Problem => {
    const nearest = nearestName(name, known);
    const there = known.length > 0 ? `It takes ${known.join(", ")}.` : "It takes none.";
    const hint = nearest === undefined ? there : `Did you mean ${nearest}?`;
    return { code: "bad-option", where: `${where}, ${name}`, what: "there is no such field", hint };
  });
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
}

function noSuchRequest(name: JsonValue | undefined): MoteError {
  const names = requests.map((one) => one.name);
  const nearest = typeof name === "string" ? nearestName(name, names) : undefined;
  return refusal(
    "bad-option",
    "control, request",
    name === undefined ? "is required" : `there is no request ${JSON.stringify(name).slice(0, 80)}`,
    nearest === undefined ? `There are ${names.join(", ")}.` : `Did you mean ${nearest}?`,
  );
}

/** An error as it stands in an answer. */
export function told(error: unknown): JsonObject {
  const { problems, exitCode } = asMoteError("control", error) ?? defect("control", reason(error), "the lines below");
  const errors = problems.map(({ code, where, what, hint }) => ({ code, where, what, ...(hint ? { hint } : {}) }));
  return { errors, exitCode };
}
