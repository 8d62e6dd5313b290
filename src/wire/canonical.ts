/**
 * Keys of tables: terms that are equal have the same canonical bytes, terms that are not have
 * different ones, on every node and in every version. Placement hashes them and stores persist
 * them, so the bytes are frozen by golden vectors.
 *
 * Equal means: same structure, whatever the order of object keys, Map entries and Set members;
 * `-0` is `0`; a property that is undefined is not an absent one; `1`, `1n` and `'1'` differ;
 * identifiers are equal when node, creation and numbers are.
 */
import { Encoder } from './encode.ts'
import type { EncodeError } from './refusal.ts'

/** The canonical bytes of a term as a string, one character per byte: for Map keys. */
export function termKey(
  term: unknown,
  root = 'key',
): { readonly tag: 'ok'; readonly key: string } | EncodeError {
  const result = new Encoder('canonical').encode(term, root)
  return result.tag === 'ok' ? { tag: 'ok', key: result.sink.latin1() } : result
}

/**
 * `termKey` for whoever needs many: it keeps its buffer. Terms that cannot travel within so many
 * containers have none.
 */
export function termKeys(
  outside = 0,
): (term: unknown, root?: string) => ReturnType<typeof termKey> {
  const encoder = new Encoder('canonical', outside)
  return (term, root = 'key') => {
    const result = encoder.encode(term, root)
    return result.tag === 'ok' ? { tag: 'ok', key: result.sink.latin1() } : result
  }
}

/** The canonical bytes of a term, owned by the caller: for hashing and storing. */
export function canonicalBytes(
  term: unknown,
  root = 'key',
): { readonly tag: 'ok'; readonly bytes: Uint8Array } | EncodeError {
  const result = new Encoder('canonical').encode(term, root)
  return result.tag === 'ok' ? { tag: 'ok', bytes: result.sink.written() } : result
}
