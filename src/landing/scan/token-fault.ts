import type { FaultReason } from './scan-fault.js';

/** What is wrong inside a string or number. */
export interface TokenFault {
  readonly reason: FaultReason;
  readonly message: string;
  /** Byte of the document that shows it. */
  readonly seenAt: number;
  /** Byte of the document to name, on the same line as `seenAt` and no later. */
  readonly offset: number;
}
