/**
 * Node names, `name@host`: one validation for the wire, the trust store and discovery files.
 *
 * Invariant: a valid name holds no path separator, no control byte and no leading dot, so that it
 * is safe as a file name and in a log line. Source: the cluster spec, section 2.1.
 */
import { limits } from '../limits.ts'

export type NodeNameError = {
  readonly tag: 'error'
  readonly reason: 'invalidNodeName'
  /** One sentence with the value received, cut short. */
  readonly message: string
}

const half = '[A-Za-z0-9_][A-Za-z0-9_.-]*'
const nameForm = new RegExp(`^${half}@${half}$`)
const rule = 'name@host in letters, digits, "_", "." and "-"'
const shownChars = 80

/**
 * Checks a node name given as text or as raw bytes: 1 to 255 bytes, exactly one `@`, both halves
 * non-empty, bytes `[A-Za-z0-9_.-]`, neither half starting with `.` or `-`. Never throws.
 */
export function validateNodeName(
  name: string | Uint8Array,
): { readonly tag: 'ok'; readonly name: string } | NodeNameError {
  const text = typeof name === 'string' ? name : textOf(name)
  if (text !== undefined && text.length <= limits.nodeNameMaxBytes && nameForm.test(text)) {
    return { tag: 'ok', name: text }
  }
  return {
    tag: 'error',
    reason: 'invalidNodeName',
    message: `a node name is ${rule}, at most ${limits.nodeNameMaxBytes} bytes; got ${shown(text)}`,
  }
}

/** The part of a valid node name after the `@`. */
export function hostOf(nodeName: string): string {
  return nodeName.slice(nodeName.indexOf('@') + 1)
}

/** One character per byte: what is not ASCII then fails the form instead of being decoded. */
function textOf(bytes: unknown): string | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined
  const kept = bytes.subarray(0, limits.nodeNameMaxBytes + 1)
  return Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString('latin1')
}

function shown(text: string | undefined): string {
  if (text === undefined) return 'something else than text or bytes'
  return JSON.stringify(text.length > shownChars ? `${text.slice(0, shownChars)}...` : text)
}
