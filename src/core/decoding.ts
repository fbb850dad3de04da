/**
 * The wall around every parser of bytes that somebody else made. A check that a parser lacks shows as an error of the
 * language or of a library (a RangeError, a TypeError, a number thrown by WebAssembly); behind this wall it is what it means:
 * the file is damaged. Only parsing goes in here, so that a defect anywhere else stays one.
 */
import { OverBudget } from "./budget.js";
import { MoteError, reason } from "./errors.js";
import { FormatProblem } from "./format-problem.js";
import { isOutOfMemory } from "./out-of-memory.js";
import { isSystemError } from "./system-error.js";

/** How a parser says that it could not go on, where it knows more. */
export interface DamageWords {
  /** "cannot be decoded" when absent. */
  readonly what?: string;
  readonly byte?: number;
  readonly hint?: string;
}

/**
 * What was thrown while bytes were decoded: words stay what they are, and memory that was not there is nothing that a file
 * can help; all else becomes a FormatProblem with its cause.
 */
export function asDamage(error: unknown, { what = "cannot be decoded", byte, hint }: DamageWords = {}): unknown {
  if (error instanceof MoteError || error instanceof FormatProblem || error instanceof OverBudget) return error;
  if (isSystemError(error) || isOutOfMemory(error)) return error;
  return new FormatProblem("file-damaged", `${what} (${reason(error)})`, byte, hint, error);
}

/** Decodes; what it throws is said by `asDamage`. */
export async function decoding<Value>(decode: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await decode();
  } catch (error) {
    throw asDamage(error);
  }
}

/** The same for what is decoded piece by piece: the wall is around the decoder, not around who takes the pieces. */
export async function* decodingEach<Value>(
  pieces: Iterable<Value> | AsyncIterable<Value>,
): AsyncGenerator<Value, void, void> {
  const iterator = Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  try {
    for (;;) {
      const step = await decoding(() => iterator.next());
      if (step.done) return;
      yield step.value;
    }
  } finally {
    await iterator.return?.();
  }
}
