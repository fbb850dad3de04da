/**
 * What a message's head claims, before Apache's library believes it: a head is a FlatBuffer, whose lists state how long they
 * are, and the library makes an object for every entry that is stated. Tables and their fields as in Message.fbs and
 * Schema.fbs of the Arrow format; a field's place in its table's list is 4 + 2 times its number.
 */
import { Budget } from "../../../budget.js";

/** Entries and bytes of text that a head may come to, for each of its own bytes; writers share texts, but not so often. */
const mostPerByte = 16;

const headerOf = { Schema: 1, DictionaryBatch: 2, RecordBatch: 3 } as const;
const message = { headerType: 6, header: 8, metadata: 12 };
const schema = { fields: 6, metadata: 8 };
const field = { name: 4, children: 14, metadata: 16 };
const dictionary = { data: 6 };
const batch = { nodes: 6, buffers: 8, variadic: 12 };
const keyValue = { key: 4, value: 6 };

/** Throws an OverBudget where a head claims more than it can hold, a RangeError where it points out of itself. */
export function requireBoundedHead(head: Uint8Array): void {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const budget = new Budget("entries", mostPerByte * head.length);

  /** Where a field of a table lies; 0 where the table has none. */
  function fieldAt(table: number, slot: number): number {
    const slots = table - view.getInt32(table, true);
    const offset = slot < view.getInt16(slots, true) ? view.getInt16(slots + slot, true) : 0;
    return offset === 0 ? 0 : table + offset;
  }

  const follow = (at: number) => at + view.getInt32(at, true);

  /** Counts the entries of a list, or the bytes of a text; a negative count is none. */
  function count(table: number, slot: number): { at: number; entries: number } {
    const at = fieldAt(table, slot);
    if (at === 0) return { at, entries: 0 };
    const list = follow(at);
    const entries = Math.max(0, view.getInt32(list, true));
    budget.take(entries);
    return { at: list + 4, entries };
  }

  function eachTable(table: number, slot: number, look: (entry: number) => void): void {
    const { at, entries } = count(table, slot);
    for (let entry = 0; entry < entries; entry++) look(follow(at + 4 * entry));
  }

  function lookAtPair(table: number): void {
    count(table, keyValue.key);
    count(table, keyValue.value);
  }

  function lookAtField(table: number): void {
    count(table, field.name);
    eachTable(table, field.metadata, lookAtPair);
    eachTable(table, field.children, lookAtField);
  }

  function lookAtBatch(table: number): void {
    for (const slot of Object.values(batch)) count(table, slot);
  }

  const root = follow(0);
  eachTable(root, message.metadata, lookAtPair);
  const [typeAt, headerAt] = [fieldAt(root, message.headerType), fieldAt(root, message.header)];
  if (typeAt === 0 || headerAt === 0) return;
  const header = follow(headerAt);
  const type = view.getUint8(typeAt);
  if (type === headerOf.Schema) {
    eachTable(header, schema.metadata, lookAtPair);
    eachTable(header, schema.fields, lookAtField);
  } else if (type === headerOf.RecordBatch) lookAtBatch(header);
  else if (type === headerOf.DictionaryBatch) {
    const data = fieldAt(header, dictionary.data);
    if (data !== 0) lookAtBatch(follow(data));
  }
}
