/** Why a scanner refuses a document: stable codes, kept with it. */
export type FaultReason =
  | 'empty'
  | 'html'
  | 'not_json'
  | 'truncated'
  | 'syntax'
  | 'byte_order_mark'
  | 'encoding'
  | 'nul_character'
  | 'unpaired_surrogate'
  | 'too_deep'
  | 'number_out_of_range'
  | 'duplicate_key'
  | 'wrong_shape'
  | 'too_large';

/** A place in a document. */
export interface DocumentPosition {
  /** Bytes before it. */
  readonly offset: number;
  /** 1-based; a line ends with a line feed. */
  readonly line: number;
  /** 1-based, in characters (code points). */
  readonly column: number;
}

/** Why and where a document is refused. The message does not repeat the position. */
export interface ScanFault extends DocumentPosition {
  readonly reason: FaultReason;
  readonly message: string;
}

/** What is wrong inside a string or number. */
export interface TokenFault {
  readonly reason: FaultReason;
  readonly message: string;
  /** Byte of the document that shows it. */
  readonly seenAt: number;
  /** Byte of the document to name, on the same line as `seenAt` and no later. */
  readonly offset: number;
}

/** Containers that may be open at once. */
export const MAX_DEPTH = 512;

/** Members of one object whose keys must differ: the response, a series entry or an asset. */
export const MAX_MEMBERS = 10_000;

/** Bytes of a key of such an object, of a series name and of a device id, as written. */
export const MAX_NAME_BYTES = 4096;

/** Shows a byte to a person: the character where it is printable, else its code. */
export function showByte(byte: number): string {
  if (byte === 0x22) return `'"'`;
  if (byte > 0x20 && byte < 0x7f) return `"${String.fromCharCode(byte)}"`;
  return `byte 0x${byte.toString(16).padStart(2, '0')}`;
}
