/** Bytes of a document: from `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What stands around the elements of an array, brackets included, up to the ends of its object. */
export interface Frame {
  readonly prefix: ByteRange;
  readonly suffix: ByteRange;
}

/** Consecutive whole elements, with the commas between them and none around them. */
export interface ElementRun extends ByteRange {
  /** Undefined for elements of `series` or `items`; else of the series entry whose `data` they are of. */
  readonly entry: Frame | undefined;
}

/** Where a response can be cut: its runs are in order, and hold every element once. */
export interface ResponseLayout {
  readonly frame: Frame;
  readonly runs: readonly ElementRun[];
}

/**
 * Gathers runs that are at most `runBytes` long, unless one element is longer. Series entries of
 * more than `cutBytes` are cut; others are elements as a whole.
 */
export class LayoutBuilder {
  readonly #runBytes: number;
  readonly #cutBytes: number;
  readonly #runs: ElementRun[] = [];
  readonly #data: ByteRange[] = [];
  #start = -1;
  #end = -1;

  constructor(runBytes: number, cutBytes: number) {
    this.#runBytes = runBytes;
    this.#cutBytes = cutBytes;
  }

  /** Adds an element of `series` or `items`. */
  addElement(start: number, end: number): void {
    if (this.#start >= 0 && end - this.#start <= this.#runBytes) {
      this.#end = end;
      return;
    }
    this.#close();
    this.#start = start;
    this.#end = end;
  }

  /** Adds a run of elements of the `data` of the open series entry. */
  addData(start: number, end: number): void {
    this.#data.push({ start, end });
  }

  /** Ends a series entry. True if its data is cut: then its frame is repeated in each part. */
  endEntry(start: number, end: number, content: ByteRange): boolean {
    const isCut = end - start > this.#cutBytes;
    if (isCut) {
      this.#close();
      const entry = {
        prefix: { start, end: content.start },
        suffix: { start: content.end, end },
      };
      if (this.#data.length === 0) this.addData(content.start, content.start);
      for (const data of this.#data) this.#runs.push({ ...data, entry });
    } else {
      this.addElement(start, end);
    }
    this.#data.length = 0;
    return isCut;
  }

  build(frame: Frame): ResponseLayout {
    this.#close();
    return { frame, runs: this.#runs };
  }

  #close(): void {
    if (this.#start >= 0) {
      this.#runs.push({ start: this.#start, end: this.#end, entry: undefined });
    }
    this.#start = -1;
  }
}
