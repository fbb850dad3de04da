/** Plain JSON data, the only thing that descriptors, plans and events may hold; and the one place where a text becomes it. */
import { mostJsonDepth, OverBudget } from "../budget.js";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/**
 * The value of a text that somebody else may have written. Its shape is not known: whoever asks narrows it. Throws a
 * SyntaxError for what is no JSON, an OverBudget for lists within lists without end, which no writer could write again.
 */
export function parseJson(text: string): JsonValue {
  const value = JSON.parse(text) as JsonValue;
  requireDepth(value, mostJsonDepth);
  return value;
}

/** The object in a text; undefined when the text is none. */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof OverBudget) return undefined;
    throw error;
  }
}

/** As JSON, so that it can be sent and written: what is not finite becomes null, what is undefined goes. */
export function plainJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function requireDepth(value: JsonValue, left: number): void {
  if (typeof value !== "object" || value === null) return;
  if (left === 0) throw new OverBudget(`has JSON of more than ${mostJsonDepth} levels`);
  for (const member of Object.values(value)) requireDepth(member, left - 1);
}
