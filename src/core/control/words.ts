/** A request as it is typed behind `mote tell RUN`, and what a run answers, for people. */
import { refusal } from "../errors.js";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json.js";
import { nearestName } from "../option/names.js";
import { oneLine } from "../printable.js";
import { formatCount, formatDuration } from "../units.js";
import { requests } from "./requests/registry.js";

/** The request in these words: its name, its plain fields, and others as `name=value`. What the fields mean the run decides. */
export function requestIn(run: string, [name, ...words]: readonly string[]): JsonObject {
  const names = requests.map((one) => one.name);
  const request = requests.find((one) => one.name === name);
  if (!request) {
    const nearest = name === undefined ? undefined : nearestName(name, names);
    const what = name === undefined ? "expected a request behind the run" : `there is no request ${name}`;
    const hint = nearest === undefined ? `There are ${names.join(", ")}.` : `Did you mean ${nearest}?`;
    throw refusal("bad-option", `tell, ${run}`, what, hint);
  }
  const fields: Record<string, JsonValue> = {};
  const plain = [...request.plain];
  for (const word of words) {
    const [, key = "", value = ""] = /^([A-Za-z]+)=(.*)$/s.exec(word) ?? [];
    const field = Object.hasOwn(request.fields, key) ? key : plain.shift();
    if (field === undefined)
      throw refusal("bad-option", `tell, ${run}, ${request.name}`, `does not take ${word}`, request.doc);
    fields[field] = field === key ? value : word;
  }
  return { request: request.name, ...fields };
}

/** "state draining", "from acquire, to archive, isPaused true". */
export function answerText(result: JsonObject): string {
  const { from, to, isPaused } = result;
  if (isPaused !== undefined) return oneLine(`${from} to ${to}: ${isPaused ? "paused" : "goes on"}`);
  return Object.entries(result)
    .map(([key, value]) => `${key} ${typeof value === "string" ? oneLine(value) : JSON.stringify(value)}`)
    .join(", ");
}

/** A run in a line: "exp  running, 120 frames in 2.4 s (50.0 fps), nothing lost, process 4711". */
export function statusLine(status: JsonObject): string {
  const { state, frames, elapsedMs, fps, lost, pid } = status;
  const loss = lost === 0 ? "nothing lost" : `${lost} lost`;
  const count = formatCount(Number(frames), "frame");
  const rate = `${Number(fps).toFixed(1)} fps`;
  return oneLine(`${state}, ${count} in ${formatDuration(Number(elapsedMs))} (${rate}), ${loss}, process ${pid}`);
}

/** How a run stands, a line for each of its stages and links. */
export function statusText(status: JsonObject): string {
  const stages = objectsIn(status.stages).map(
    ({ stage, in: came, out, failed, dropped, lost }) =>
      `  ${stage}: ${came} in, ${out} out, ${failed} failed, ${givenUp(dropped, lost)}`,
  );
  const links = objectsIn(status.links).map(
    ({ from, to, policy, waiting, capacity, dropped, lost, isPaused }) =>
      `  ${from} to ${to}: ${policy}, ${waiting} of ${capacity} waiting, ${givenUp(dropped, lost)}${isPaused ? ", paused" : ""}`,
  );
  const head = `${status.name}: ${statusLine(status)}`;
  return [head, ...stages, ...links].map((line) => line.replace(/\S.*/, (text) => oneLine(text))).join("\n");
}

/** "2 lost, 190 left out": those that `every` passes over, or that were there already, are no loss. */
function givenUp(dropped: JsonValue | undefined, lost: JsonValue | undefined): string {
  const leftOut = Number(dropped) - Number(lost);
  return `${lost} lost${leftOut > 0 ? `, ${leftOut} left out` : ""}`;
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
