/**
 * What a row does on a library's side: the same additions as on ours, in the library's own words,
 * with its default settings and nothing printed.
 */
import type { Sample } from '../row.ts'

export type LibraryWorkload = (operations: number) => Promise<Sample>

/** A batch of tells is closed by an ask, so that neither side hoards what it has not handled. */
export const tellsPerAsk = 1000
