/**
 * Message ids. An automatic one is `origin/epoch/counter/tag`: the node that made the message, an
 * epoch it drew when it started, a count from 0, and 40 random bits. Origin and epoch name a
 * stream; counters without gaps are what lets two nodes compare all they have seen in a few bytes.
 * Sorted as text, the ids of a stream stand together and in order. An explicit id, `/key`, is the
 * caller's.
 *
 * Messages are told apart by the whole id. The tag cannot be guessed, so nobody can use up the id
 * of a message that is still to come and so have it taken for a duplicate. Nothing in an id is
 * proof: origin is a claim, and who has seen a message may send others other content under its id.
 */
import { validateNodeName } from '../identity/index.ts'
import { limits } from '../limits.ts'

export type ParsedId =
  | {
      readonly tag: 'automatic'
      readonly stream: string
      readonly origin: string
      readonly counter: number
    }
  | { readonly tag: 'explicit' }

const wordChars = 8
const word = `[0-9a-z]{${wordChars}}`
const automaticForm = new RegExp(`^([^/]+)/${word}/(${word})/${word}$`)
/** Bytes of chance in an epoch and in a tag; eight digits of base 36 hold them. */
export const wordBytes = 5

/** 40 bits as eight digits. */
export function wordOf(bytes: Uint8Array): string {
  return digits(bytes.reduce((sum, byte) => sum * 256 + byte, 0))
}

export function streamOf(origin: string, epoch: string): string {
  return `${origin}/${epoch}`
}

export function automaticId(stream: string, counter: number, tag: string): string {
  return `${idPrefix(stream, counter)}/${tag}`
}

/** Where the ids of a stream begin, in the order of ids, from a counter on. */
export function idPrefix(stream: string, counter: number): string {
  return `${stream}/${digits(counter)}`
}

/** The id of a caller's own key, 1 to 255 characters; undefined for other values. */
export function explicitId(key: unknown): string | undefined {
  if (typeof key !== 'string' || key.length === 0) return undefined
  return key.length <= limits.broadcastKeyMaxChars ? `/${key}` : undefined
}

/** What an id says; undefined for anything else. */
export function parseId(id: unknown): ParsedId | undefined {
  if (typeof id !== 'string') return undefined
  if (id.startsWith('/')) {
    return explicitId(id.slice(1)) === undefined ? undefined : { tag: 'explicit' }
  }
  const [, origin = '', counter = ''] = automaticForm.exec(id) ?? []
  if (validateNodeName(origin).tag === 'error') return undefined
  return {
    tag: 'automatic',
    stream: id.slice(0, origin.length + 1 + wordChars),
    origin,
    counter: Number.parseInt(counter, 36),
  }
}

/** The origin and epoch of a stream; undefined for anything else. */
export function isStream(value: unknown): value is string {
  return typeof value === 'string' && parseId(`${value}/00000000/00000000`)?.tag === 'automatic'
}

function digits(value: number): string {
  return value.toString(36).padStart(wordChars, '0')
}
