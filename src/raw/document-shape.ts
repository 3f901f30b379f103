/** `{"series": [{"name": "power", "data": [[milliseconds, number], …]}, …]}`, with keys of its own. */
interface SeriesOfPoints {
  readonly kind: 'series of points';
  /** Key of the list of series, in the document. */
  readonly list: string;
  /** Keys of the name and of the list of points, in each series. */
  readonly name: string;
  readonly points: string;
}

/** `{"items": [{"deviceId": "…", …}, …]}`, with keys of its own. */
interface ListOfRecords {
  readonly kind: 'list of records';
  /** Key of the list of records, in the document. */
  readonly list: string;
  /** Key, in each record, of what it is about: a UUID. */
  readonly name: string;
}

/** JSON of which nothing is known. */
interface AnyJson {
  readonly kind: 'any JSON';
}

/** How the documents of a resource look: what landing checks, and where it may cut a large one. */
export type DocumentShape = SeriesOfPoints | ListOfRecords | AnyJson;
