/** Lies in a frame stream whose checksums are right all the same, so that they reach what stands behind the checksums. */
import { crc32 } from "node:zlib";
import { encodePrefix, prefixBytes } from "../../dist/core/stream/message.js";
import { mutateBytes } from "./mutate-bytes.mjs";
import { mutateJson } from "./mutate-json.mjs";

const jsonKinds = [1, 4, 5];

function messagesOf(bytes) {
  const messages = [];
  for (let at = 16; at + prefixBytes <= bytes.length; ) {
    const header = at + prefixBytes;
    const payload = header + bytes.readUInt32LE(at + 8);
    const end = payload + Number(bytes.readBigUInt64LE(at + 16));
    if (end > bytes.length) break;
    messages.push({
      kind: bytes[at + 4],
      header: bytes.subarray(header, payload),
      payload: bytes.subarray(payload, end),
    });
    at = end;
  }
  return messages;
}

function encoded({ kind, header, payload }, sequence) {
  const head = Buffer.concat([Buffer.alloc(prefixBytes), header]);
  encodePrefix(head, kind, sequence, header.length, payload.length, crc32(payload));
  return Buffer.concat([head, payload]);
}

const events = [
  { event: "gap", firstFrame: 1, count: 3, reason: "device gap" },
  { event: "drop", stage: "track", firstFrame: 1, count: 2, reason: "link full" },
  { event: "duplicate", firstFrame: 1, count: 1, reason: "sent twice" },
  { event: "note", text: "a note", stage: "x" },
  { event: "source", file: "a.tif", metadata: { a: 1 } },
];

export function mutateStream(original, random) {
  const messages = messagesOf(original);
  for (let times = 1 + random.below(2); times > 0; times--) {
    const at = random.chance(0.4) ? 0 : random.below(messages.length);
    const message = messages[at];
    if (random.chance(0.15)) {
      const event = Buffer.from(mutateJson(JSON.stringify(random.pick(events)), random));
      messages.splice(1 + random.below(messages.length), 0, { kind: 4, header: Buffer.alloc(0), payload: event });
    } else if (random.chance(0.2)) {
      const order = random.below(3);
      if (order === 0) messages.splice(at, 1);
      else if (order === 1) messages.splice(random.below(messages.length), 0, message);
      else message.kind = random.below(9);
    } else if (jsonKinds.includes(message.kind))
      message.payload = Buffer.from(mutateJson(message.payload.toString(), random));
    else if (message.header.length > 0 && random.chance(0.7)) message.header = mutateBytes(message.header, random);
    else message.payload = mutateBytes(message.payload, random);
    if (messages.length === 0) break;
  }
  return Buffer.concat([original.subarray(0, 16), ...messages.map(encoded)]);
}
