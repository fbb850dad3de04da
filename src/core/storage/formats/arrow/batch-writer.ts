/** Batches of rows as the bytes of Arrow's stream or file, as views of the values: nothing is copied. Each message has its checksum. */
import type { Data, Message, MessageHeader, Schema } from "apache-arrow";
import type { Arrow } from "./library.js";
import { blankSeal, seal, sealKeys } from "./seal.js";

export interface BatchWriter {
  /** What begins a stream or a file. */
  begin(): readonly Uint8Array[];
  /** A batch; `columns` in the order of the schema. The views are good as long as the values are. */
  batch(
    rows: number,
    columns: readonly Data[],
    notes: ReadonlyMap<string, string>,
    /** What its checksum is of; "head" where values have their own. */
    sealed: keyof typeof sealKeys,
  ): readonly Uint8Array[];
  /** What ends it: the mark of the end, and the footer of a file. */
  end(): readonly Uint8Array[];
  /** Takes back what came last, which could not be written: the footer is not to point at it. */
  takeBack(): void;
}

export function createBatchWriter(arrow: Arrow, plain: Schema, isFile: boolean): BatchWriter {
  const schema = new arrow.Schema(plain.fields, new Map([...plain.metadata, [sealKeys.head, blankSeal]]));
  let views: Uint8Array[] = [];
  /** Where the description of the message that came last begins and ends among the views. */
  let headAt = 0;
  let headEnd = 0;

  class Views extends arrow.AsyncByteQueue {
    override write(chunk: Uint8Array): void {
      views.push(chunk);
    }
  }

  /** What the library's writers know of where they are. */
  class Writer extends ((isFile
    ? arrow.RecordBatchFileWriter
    : arrow.RecordBatchStreamWriter) as typeof arrow.RecordBatchFileWriter) {
    #before = { position: 0, blocks: 0 };

    /** The format has the schema in front of the batches, too, and a file without its footer is read by that; the library leaves it out. */
    protected override _writeSchema(written: Schema) {
      super._writeSchema(written);
      return isFile ? this._writeMessage(arrow.Message.from(written)) : this;
    }

    /** In front of a head are the mark of a message and the length. */
    protected override _writeMessage<T extends MessageHeader>(message: Message<T>, alignment?: number) {
      headAt = views.length + 2;
      super._writeMessage(message, alignment);
      if (!message.isRecordBatch()) seal(views[headAt]!, views.slice(headAt + 1));
      else headEnd = views.length;
      return this;
    }

    /** In front of it is the mark of the end, behind it its length and the magic. */
    protected override _writeFooter(written: Schema) {
      const footerAt = views.length + 1;
      super._writeFooter(written);
      if (isFile) seal(views[footerAt]!, []);
      return this;
    }

    mark(): void {
      this.#before = { position: this._position, blocks: this._recordBatchBlocks.length };
    }

    takeBack(): void {
      this._position = this.#before.position;
      this._recordBatchBlocks.length = this.#before.blocks;
    }
  }

  const writer = new Writer();
  const type = new arrow.Struct(schema.fields);

  function taken(write: () => void): readonly Uint8Array[] {
    views = [];
    writer.mark();
    write();
    return views;
  }

  return {
    begin: () => taken(() => writer.reset(new Views(), schema)),
    batch: (rows, children, notes, sealed) =>
      taken(() => {
        const data = arrow.makeData({ type, length: rows, nullCount: 0, children: [...children] });
        writer.write(new arrow.RecordBatch(schema, data, new Map([...notes, [sealKeys[sealed], blankSeal]])));
        seal(views[headAt]!, views.slice(headAt + 1, sealed === "head" ? headEnd : undefined));
      }),
    end: () => taken(() => writer.finish()),
    takeBack: () => writer.takeBack(),
  };
}
