import type { Place } from '../jinja/python/values.js';

/** What a model reads, as its text names it. */
export type Reference = { readonly place: Place } & (
  | { readonly kind: 'ref'; readonly name: string; readonly package: string | undefined }
  | { readonly kind: 'source'; readonly sourceName: string; readonly name: string }
);

/** `name` or `source.table`: what a reference is looked up and reported by. */
export function referenceKey(reference: Reference): string {
  return reference.kind === 'ref' ? reference.name : `${reference.sourceName}.${reference.name}`;
}
