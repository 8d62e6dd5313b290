/**
 * The files of a log: `<Name>.log`, `<Name>.snapshot` and `<Name>.lock`, where `Name` is the name
 * of the store percent-encoded. Kept as they are: lower-case letters, digits, `-` and `_`; every
 * other byte of its UTF-8 becomes `%XX`, so that no name leaves the directory, is hidden, or is the
 * same as another one where file names have no case.
 */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { limits } from '../limits.ts'

export type LogFiles = {
  readonly log: string
  readonly snapshot: string
  readonly lock: string
  /** True for the name of a file that a snapshot which was cut short has left. */
  readonly isLeftover: (name: string) => boolean
}

/** Throws `BadArgument` for a name that is no text, empty, or too long for a file. */
export function logFiles(directory: string, name: unknown): LogFiles {
  const encoded = typeof name === 'string' && !/\p{Cs}/u.test(name) ? percentEncoded(name) : ''
  if (encoded === '' || encoded.length > limits.logNameMaxChars) {
    throw new BadArgument(
      `name: expected 1 to ${limits.logNameMaxChars} percent-encoded characters, got ${show(name)}`,
    )
  }
  const snapshot = `${encoded}.snapshot`
  return {
    log: `${directory}/${encoded}.log`,
    snapshot: `${directory}/${snapshot}`,
    lock: `${directory}/${encoded}.lock`,
    isLeftover: (file) => file.startsWith(`${snapshot}.`) && file.endsWith('.tmp'),
  }
}

function percentEncoded(name: string): string {
  let encoded = ''
  for (const byte of new TextEncoder().encode(name)) {
    const char = String.fromCharCode(byte)
    const plain = /[a-z0-9_-]/.test(char)
    encoded += plain ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}
