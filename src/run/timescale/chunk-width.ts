/** How much a hypertable takes up in a day. */
export interface Arrival {
  readonly rowsADay: number;
  /** Of one segment, which is what is compressed together: the rows of one device, say. */
  readonly rowsADayOfSegment: number;
}

/** Widths of chunks to choose from, in days. */
const WIDTHS = [1, 2, 4, 7, 14, 30] as const;

/** Rows of a segment in a chunk that fill batches of 1,000, but for the last one. */
const SEGMENT_ROWS = 4000;

/** Rows beside which what a chunk takes by itself, some hundred kB, is little. */
const CHUNK_ROWS = 150_000;

/** Rows of a chunk up to which it stays in memory while it is written and compressed. */
const MOST_ROWS = 5_000_000;

/** The width in days that fills the batches of the columnstore, within bounds. */
export function chunkDaysOf({ rowsADay, rowsADayOfSegment }: Arrival): number {
  const enough = WIDTHS.find(
    (days) => days * rowsADay >= CHUNK_ROWS && days * rowsADayOfSegment >= SEGMENT_ROWS,
  );
  const most = WIDTHS.findLast((days) => days * rowsADay <= MOST_ROWS);
  return Math.min(enough ?? Math.max(...WIDTHS), most ?? Math.min(...WIDTHS));
}
